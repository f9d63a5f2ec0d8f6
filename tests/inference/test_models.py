"""The models through the engine: the same answers whatever the batch, and clear errors for wrong checkpoints."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import BlipForConditionalGeneration, CLIPModel

from resources.inference.batching import BatchRunner
from resources.inference.checkpoints import SMALL_MODELS, Checkpoint, checkpoints
from resources.inference.devices import Device
from resources.inference.engine import InProcessEngine
from resources.inference.errors import ModelUnavailable, WrongModel
from resources.inference.preprocessing import Preprocessing

CPU = Device("cpu", torch.float32, clip_batch=3, caption_batch=2)


@pytest.fixture(scope="module")
def engine() -> InProcessEngine:
    return InProcessEngine(*checkpoints("small"), CPU)


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    """Seven pictures of different shapes."""
    generator = np.random.default_rng(5)
    shapes = [(96, 96), (120, 160), (160, 120), (512, 683), (97, 301), (400, 96), (96, 128)]
    pictures = []
    for height, width in shapes:
        blocks = Image.fromarray(generator.integers(0, 256, (5, 5, 3), dtype=np.uint8))
        pictures.append(np.asarray(blocks.resize((width, height), Image.Resampling.BICUBIC)))
    return pictures


def test_vectors_are_unit_and_belong_to_their_image_in_any_order(
    engine: InProcessEngine, images: list[np.ndarray]
) -> None:
    vectors = np.stack(engine.embed_images(images))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    backwards = np.stack(engine.embed_images(images[::-1]))[::-1]
    assert np.allclose(vectors, backwards, atol=1e-4)


def test_captions_belong_to_their_image_in_any_batch(engine: InProcessEngine, images: list[np.ndarray]) -> None:
    captions = engine.caption_images(images)
    assert captions == [engine.caption_images([image])[0] for image in images]
    assert captions[::-1] == engine.caption_images(images[::-1])


def test_texts_of_any_length_and_script_are_embedded(engine: InProcessEngine) -> None:
    texts = ["a red boat", "", "word " * 500, "写真 ☃ \x00 naïve", "snow at night"]
    vectors = engine.embed_texts(texts)
    assert all(np.isfinite(vector).all() and vector.shape == (engine.dimensions,) for vector in vectors)


def test_the_engine_answers_as_plain_transformers_does(engine: InProcessEngine, images: list[np.ndarray]) -> None:
    clip_checkpoint, blip_checkpoint = checkpoints("small")
    clip = CLIPModel.from_pretrained(clip_checkpoint.location, dtype=torch.float32).eval()
    blip = BlipForConditionalGeneration.from_pretrained(blip_checkpoint.location, dtype=torch.float32).eval()
    clip_images = Preprocessing.from_config(clip_checkpoint.preprocessor_config())
    blip_images = Preprocessing.from_config(blip_checkpoint.preprocessor_config())
    captions = engine.caption_images(images)
    vectors = engine.embed_images(images)
    with torch.inference_mode():
        for image, vector, caption in zip(images, vectors, captions, strict=True):
            pixels = clip_images.normalise(clip_images.prepare([image]), torch.float32)
            expected = clip.get_image_features(pixel_values=pixels).pooler_output[0]
            assert float(torch.nn.functional.cosine_similarity(expected, torch.tensor(vector), dim=0)) > 0.99999
            pixels = blip_images.normalise(blip_images.prepare([image]), torch.float32)
            tokens = blip.generate(pixel_values=pixels, max_new_tokens=20)
            assert engine._blip._loaded.tokenizer.batch_decode(tokens, skip_special_tokens=True)[0].strip() == caption


@pytest.fixture(params=["clip", "blip"])
def processor_and_ours(request: pytest.FixtureRequest) -> Iterator[tuple[object, Preprocessing]]:
    """The library's own PIL image processor of the checkpoint, and ours."""
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    processor = CLIPImageProcessorPil if request.param == "clip" else BlipImageProcessorPil
    config = json.loads((SMALL_MODELS / request.param / "preprocessor_config.json").read_text())
    yield processor.from_pretrained(SMALL_MODELS / request.param), Preprocessing.from_config(config)


def test_preprocessing_agrees_with_the_reference_processors(
    processor_and_ours: tuple[object, Preprocessing], images: list[np.ndarray]
) -> None:
    processor, ours = processor_and_ours
    for image in images:
        reference = np.asarray(processor(images=Image.fromarray(image), return_tensors="np")["pixel_values"][0])
        mine = ours.normalise(ours.prepare([image]), torch.float32)[0].numpy()
        cosine = float((reference * mine).sum() / np.linalg.norm(reference) / np.linalg.norm(mine))
        assert reference.shape == mine.shape and cosine >= 0.999


def test_out_of_memory_on_a_batch_changes_no_result(
    engine: InProcessEngine, images: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = np.stack(engine.embed_images(images))
    embed = engine._clip.embed_images

    def only_small_batches(batch: list[np.ndarray]) -> list[np.ndarray]:
        if len(batch) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return embed(batch)

    found = BatchRunner(7).run(images, only_small_batches)
    assert np.allclose(np.stack(found), expected, atol=1e-4)


def test_a_missing_folder_says_what_to_set() -> None:
    with pytest.raises(ModelUnavailable, match=r"PHOTO_CLIP_MODEL.*PHOTO_MODELS=small"):
        InProcessEngine(*checkpoints("small", clip="/no/such/folder"), CPU).embed_texts(["x"])


def test_a_folder_without_preprocessing_is_not_guessed_at(tmp_path: Path) -> None:
    shutil.copytree(SMALL_MODELS / "clip", tmp_path / "clip")
    (tmp_path / "clip" / "preprocessor_config.json").unlink()
    with pytest.raises(ModelUnavailable, match="preprocessor_config"):
        InProcessEngine(*checkpoints("small", clip=str(tmp_path / "clip")), CPU).embed_texts(["x"])


def test_a_checkpoint_of_the_wrong_family_is_refused() -> None:
    with pytest.raises(WrongModel, match="PHOTO_CLIP_MODEL needs a clip one"):
        InProcessEngine(*checkpoints("small", clip=str(SMALL_MODELS / "blip")), CPU).embed_texts(["x"])


def test_other_weights_are_another_revision(tmp_path: Path) -> None:
    shutil.copytree(SMALL_MODELS / "clip", tmp_path / "clip")
    same = Checkpoint(str(tmp_path / "clip"), "PHOTO_CLIP_MODEL").revision
    assert same == Checkpoint(str(SMALL_MODELS / "clip"), "PHOTO_CLIP_MODEL").revision
    weights = tmp_path / "clip" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-2] + b"\x01\x02")
    assert Checkpoint(str(tmp_path / "clip"), "PHOTO_CLIP_MODEL").revision != same
