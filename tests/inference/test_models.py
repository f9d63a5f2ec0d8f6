"""The models through the engine: the same answers whatever the batch, and clear errors for wrong checkpoints."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoTokenizer, BlipForConditionalGeneration, CLIPModel

from resources.inference import preprocessing
from resources.inference.blip import Blip
from resources.inference.checkpoints import SMALL_MODELS, Checkpoint, checkpoints
from resources.inference.clip import Clip
from resources.inference.devices import Device
from resources.inference.engine import InProcessEngine
from resources.inference.errors import ModelUnavailable, WrongModel
from resources.inference.graphs import Normalise
from resources.inference.port import Inferred, ItemError
from resources.inference.preprocessing import Preprocessing

CPU = Device("cpu", torch.float32, clip_batch=3, caption_batch=2)


@pytest.fixture(scope="module")
def engine() -> InProcessEngine:
    return InProcessEngine(*checkpoints("small"), CPU)


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    """Seven pictures of different shapes."""
    generator = np.random.default_rng(5)
    shapes = [(96, 96), (160, 120), (120, 160), (683, 512), (301, 97), (96, 400), (128, 96)]
    blocks = [Image.fromarray(generator.integers(0, 256, (5, 5, 3), dtype=np.uint8)) for _ in shapes]
    return [block.resize(shape, Image.Resampling.BICUBIC) for block, shape in zip(blocks, shapes, strict=True)]


@pytest.fixture(scope="module")
def pictures(images: list[Image.Image]) -> list[bytes]:
    """The same, encoded without loss."""
    return [png(image) for image in images]


def png(image: Image.Image) -> bytes:
    encoded = BytesIO()
    image.save(encoded, "PNG")
    return encoded.getvalue()


def vectors_of(engine: InProcessEngine, pictures: list[bytes]) -> np.ndarray:
    return np.stack([answer.vector for answer in engine.infer(pictures, caption=False)])


def captions_of(engine: InProcessEngine, pictures: list[bytes]) -> list[object]:
    return [answer.caption for answer in engine.infer(pictures, embed=False)]


def test_vectors_are_unit_and_belong_to_their_picture_in_any_order(pictures: list[bytes]) -> None:
    vectors = vectors_of(InProcessEngine(*checkpoints("small"), CPU), pictures)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    backwards = vectors_of(InProcessEngine(*checkpoints("small"), CPU), pictures[::-1])[::-1]
    assert np.allclose(vectors, backwards, atol=1e-4)


def test_captions_belong_to_their_picture_in_any_batch(pictures: list[bytes]) -> None:
    fresh = [InProcessEngine(*checkpoints("small"), CPU) for _ in range(3)]
    captions = captions_of(fresh[0], pictures)
    assert captions == [captions_of(fresh[1], [picture])[0] for picture in pictures]
    assert captions[::-1] == captions_of(fresh[2], pictures[::-1])


def test_only_what_is_asked_for_is_answered(engine: InProcessEngine, pictures: list[bytes]) -> None:
    (both,) = engine.infer(pictures[:1])
    (vector,) = engine.infer(pictures[:1], caption=False)
    (caption,) = engine.infer(pictures[:1], embed=False)
    assert vector.caption is None and caption.vector is None
    assert np.array_equal(both.vector, vector.vector) and both.caption == caption.caption


def test_answers_keep_their_place_around_pictures_that_fail(engine: InProcessEngine, pictures: list[bytes]) -> None:
    earlier = ItemError("corrupt", "it is corrupt")
    mixed = [pictures[0], b"no picture", earlier, *pictures[1:5], pictures[5][:100], pictures[6]]
    answers = list(engine.infer(iter(mixed)))
    expected = captions_of(engine, pictures)
    found = [answer.caption for answer in answers]
    assert [found[0], *found[3:7], found[8]] == [expected[0], *expected[1:5], expected[6]]
    assert found[2] == answers[2].vector == earlier
    assert [found[1].kind, found[7].kind, answers[1].vector.kind] == ["undecodable"] * 3


def test_exact_copies_are_computed_once_and_told(pictures: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    engine = InProcessEngine(*checkpoints("small"), CPU)
    seen: list[int] = []
    infer = Clip.infer

    def counting(self: Clip, inputs: list[np.ndarray]) -> list[np.ndarray]:
        seen.append(len(inputs))
        return infer(self, inputs)

    monkeypatch.setattr(Clip, "infer", counting)
    copies = [pictures[0], pictures[1], pictures[0], *pictures[:2], pictures[1]]
    vectors = vectors_of(engine, copies)
    again = vectors_of(engine, pictures[:2])
    assert sum(seen) == 2
    assert np.array_equal(vectors, again[[0, 1, 0, 0, 1, 1]])
    counts = engine.counts()
    assert (counts["pictures"], counts["copies_spared"]) == (8, 6)


def test_no_pictures_need_no_answer(engine: InProcessEngine) -> None:
    assert list(engine.infer([])) == []
    assert list(engine.infer([ItemError("corrupt", "x")], embed=False, caption=False)) == [Inferred()]


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(engine: InProcessEngine) -> None:
    bomb = png(Image.new("1", (20_000, 20_000)))
    (answer,) = engine.infer([bomb], caption=False)
    assert isinstance(answer.vector, ItemError) and "pixels" in answer.vector.message


def test_several_callers_at_once_each_get_their_own_answers(pictures: list[bytes]) -> None:
    engine = InProcessEngine(*checkpoints("small"), CPU)
    expected = captions_of(InProcessEngine(*checkpoints("small"), CPU), pictures)
    orders = [list(np.random.default_rng(seed).permutation(len(pictures))) for seed in range(4)]
    with ThreadPoolExecutor(4) as callers:
        found = list(callers.map(lambda order: captions_of(engine, [pictures[place] for place in order]), orders))
    assert found == [[expected[place] for place in order] for order in orders]


def test_texts_of_any_length_and_script_are_embedded(engine: InProcessEngine) -> None:
    texts = ["a red boat", "", "word " * 500, "写真 ☃ \x00 naïve", "snow at night"]
    vectors = engine.embed_texts(texts)
    assert all(np.isfinite(vector).all() and vector.shape == (engine.dimensions,) for vector in vectors)


def test_the_engine_answers_as_plain_transformers_does(
    engine: InProcessEngine, images: list[Image.Image], pictures: list[bytes]
) -> None:
    clip_checkpoint, blip_checkpoint = checkpoints("small")
    clip = CLIPModel.from_pretrained(clip_checkpoint.location, dtype=torch.float32).eval()
    blip = BlipForConditionalGeneration.from_pretrained(blip_checkpoint.location, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(blip_checkpoint.location)
    clip_images = Preprocessing.from_config(clip_checkpoint.preprocessor_config())
    blip_images = Preprocessing.from_config(blip_checkpoint.preprocessor_config())
    with torch.inference_mode():
        for image, answer in zip(images, engine.infer(pictures), strict=True):
            expected = clip.get_image_features(pixel_values=normalised(clip_images, image)).pooler_output[0]
            assert float(torch.nn.functional.cosine_similarity(expected, torch.tensor(answer.vector), dim=0)) > 0.99999
            tokens = blip.generate(pixel_values=normalised(blip_images, image), max_new_tokens=20)
            assert tokenizer.batch_decode(tokens, skip_special_tokens=True)[0].strip() == answer.caption


def normalised(preprocessing: Preprocessing, image: Image.Image) -> torch.Tensor:
    pixels = torch.from_numpy(preprocessing.fit(image)).unsqueeze(0)
    return Normalise(preprocessing, torch.float32)(pixels)


@pytest.mark.parametrize("size", [(4096, 1), (1, 4096), (3000, 2)])
def test_a_hairline_takes_no_more_memory_than_any_picture(
    engine: InProcessEngine, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    made: list[int] = []
    resize = Image.Image.resize

    def seen(picture: Image.Image, to: tuple[int, int], *how: Any) -> Image.Image:
        made.append(to[0] * to[1])
        return resize(picture, to, *how)

    monkeypatch.setattr(Image.Image, "resize", seen)
    encoded = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(encoded, "PNG")
    made.clear()
    (answer,) = engine.infer([encoded.getvalue()])
    assert not isinstance(answer.vector, ItemError) and not isinstance(answer.caption, ItemError)
    assert max(made) <= 1_000_000


@pytest.mark.parametrize("size", [(512, 768), (683, 512), (91, 64), (2000, 16), (16, 2000), (601, 33)])
def test_the_centre_alone_is_what_cropping_the_whole_would_leave(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preprocessing, "_HAIRLINE", 0)
    # Faint, so that nothing is clipped between Pillow's two passes: which goes first depends on the sizes.
    noise = np.random.default_rng(0).normal(128, 20, (size[1], size[0], 3))
    picture = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
    for resample in (Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.LANCZOS):
        ours = Preprocessing(224, (224, 224), (0.5,) * 3, (0.5,) * 3, resample)
        width, height = ours._target(*size)
        left, top = (width - 224) // 2, (height - 224) // 2
        whole = picture.resize((width, height), resample).crop((left, top, left + 224, top + 224))
        difference = ours.fit(picture).astype(int) - np.asarray(whole).transpose(2, 0, 1)
        assert np.abs(difference).mean() < 0.5, "0.3 at most by rounding; a shift by a pixel makes it 0.7 and more"


@pytest.fixture(params=["clip", "blip"])
def processor_and_ours(request: pytest.FixtureRequest) -> Iterator[tuple[object, Preprocessing]]:
    """The library's own PIL image processor of the checkpoint, and ours."""
    from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    processor = CLIPImageProcessorPil if request.param == "clip" else BlipImageProcessorPil
    config = json.loads((SMALL_MODELS / request.param / "preprocessor_config.json").read_text())
    yield processor.from_pretrained(SMALL_MODELS / request.param), Preprocessing.from_config(config)


def test_preprocessing_agrees_with_the_reference_processors(
    processor_and_ours: tuple[object, Preprocessing], images: list[Image.Image]
) -> None:
    processor, ours = processor_and_ours
    for image in images:
        reference = np.asarray(processor(images=image, return_tensors="np")["pixel_values"][0])
        mine = normalised(ours, image)[0].numpy()
        cosine = float((reference * mine).sum() / np.linalg.norm(reference) / np.linalg.norm(mine))
        assert reference.shape == mine.shape and cosine >= 0.999


def test_out_of_memory_on_a_batch_changes_no_result(
    engine: InProcessEngine, pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = list(engine.infer(pictures))
    for model in (Clip, Blip):
        monkeypatch.setattr(model, "infer", only_batches_of_one(model.infer))
    found = list(InProcessEngine(*checkpoints("small"), CPU).infer(pictures))
    assert [answer.caption for answer in found] == [answer.caption for answer in expected]
    vectors = [np.stack([answer.vector for answer in answers]) for answers in (found, expected)]
    assert np.allclose(*vectors, atol=1e-4)


def only_batches_of_one(infer: Callable[..., object]) -> Callable[..., object]:
    def full(self: object, inputs: list[np.ndarray]) -> object:
        if len(inputs) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return infer(self, inputs)

    return full


def test_models_load_while_the_caller_does_something_else(
    pictures: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = InProcessEngine(*checkpoints("small"), CPU)
    engine.warm_up()
    wait_for_loading()
    monkeypatch.setattr("resources.inference.clip.load_weights", load_again)
    monkeypatch.setattr("resources.inference.blip.load_weights", load_again)
    assert all(answer.vector is not None and answer.caption for answer in engine.infer(pictures))
    assert {"load_clip_memory_before_mb", "load_blip_memory_before_mb"} <= set(engine.measures())
    list(engine.infer(pictures))
    assert "load_clip_memory_before_mb" not in engine.measures()


def test_a_run_that_begins_while_the_models_load_does_not_wait_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    may_load, asked = threading.Event(), threading.Event()

    def load_late(*_: Any) -> None:
        asked.set()
        may_load.wait(60)
        raise ModelUnavailable("it", "PHOTO_CLIP_MODEL", "only asked for here")

    monkeypatch.setattr("resources.inference.clip.load_weights", load_late)
    engine = InProcessEngine(*checkpoints("small"), CPU)
    engine.warm_up()
    assert asked.wait(60)
    beginning = threading.Thread(target=engine.ready, daemon=True)
    beginning.start()
    beginning.join(20)
    waits = beginning.is_alive()
    may_load.set()
    wait_for_loading()
    assert not waits


def test_a_model_that_cannot_be_loaded_ahead_says_why_where_it_is_used(pictures: list[bytes]) -> None:
    small_clip, _ = checkpoints("small")
    engine = InProcessEngine(small_clip, Checkpoint("/no/such/folder", "PHOTO_BLIP_MODEL"), CPU)
    engine.warm_up()
    wait_for_loading()
    assert all(answer.vector is not None for answer in engine.infer(pictures, caption=False))
    with pytest.raises(ModelUnavailable, match="PHOTO_BLIP_MODEL"):
        list(engine.infer(pictures))


def wait_for_loading() -> None:
    for thread in threading.enumerate():
        if thread.name == "load models":
            thread.join(60)


def load_again(*_: Any) -> None:
    raise AssertionError("the models were loaded already")


def test_a_missing_folder_says_what_to_set() -> None:
    with pytest.raises(ModelUnavailable, match=r"PHOTO_CLIP_MODEL.*PHOTO_MODELS=small"):
        InProcessEngine(*checkpoints("small", clip="/no/such/folder"), CPU).embed_texts(["x"])


def test_a_folder_without_preprocessing_is_not_guessed_at(tmp_path: Path) -> None:
    shutil.copytree(SMALL_MODELS / "clip", tmp_path / "clip")
    (tmp_path / "clip" / "preprocessor_config.json").unlink()
    with pytest.raises(ModelUnavailable, match="preprocessor_config"):
        InProcessEngine(*checkpoints("small", clip=str(tmp_path / "clip")), CPU).embed_texts(["x"])


def test_a_checkpoint_of_the_wrong_family_is_refused() -> None:
    with pytest.raises(WrongModel, match="PHOTO_CLIP_MODEL needs a clip or siglip one"):
        InProcessEngine(*checkpoints("small", clip=str(SMALL_MODELS / "blip")), CPU).embed_texts(["x"])


def test_other_weights_are_another_revision(tmp_path: Path) -> None:
    shutil.copytree(SMALL_MODELS / "clip", tmp_path / "clip")
    same = Checkpoint(str(tmp_path / "clip"), "PHOTO_CLIP_MODEL").revision
    assert same == Checkpoint(str(SMALL_MODELS / "clip"), "PHOTO_CLIP_MODEL").revision
    weights = tmp_path / "clip" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-2] + b"\x01\x02")
    assert Checkpoint(str(tmp_path / "clip"), "PHOTO_CLIP_MODEL").revision != same
