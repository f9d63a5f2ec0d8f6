"""A checkpoint of the SigLIP family embeds as transformers' own classes do, in torch and as exported graphs."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast, SiglipConfig, SiglipModel
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from resources.inference.backends import TORCH, Backend, backend_named
from resources.inference.checkpoints import checkpoints
from resources.inference.devices import Device
from resources.inference.engine import InProcessEngine
from resources.inference.exported.exporting import export_graphs
from resources.inference.exported.formats import FORMATS
from resources.inference.exported.parity import Samples
from resources.inference.preprocessing import Preprocessing

UNEVEN = Device("cpu", torch.float32, clip_batch=5, caption_batch=5)
COLOURS, THINGS = ["red", "blue"], ["boat", "tent", "lake", "night", "sea", "snow"]
WORDS = ["</s>", "<unk>", "a", "at", "by", "the", "on", *COLOURS, *THINGS]
TEXTS = ["a red boat", "", "a blue tent on snow by the lake at night", "boat " * 50, "unheard of"]
SHAPES = [(48, 48), (160, 120), (120, 160), (301, 97), (40, 200), (31, 33), (640, 480)]
COSINE = 0.999


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small and of random weights, so large that every picture and every text has a vector of its own."""
    torch.manual_seed(5)
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    text = tower | {"vocab_size": len(WORDS), "max_position_embeddings": 12, "projection_size": 32}
    text |= {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0}
    vision = tower | {"image_size": 48, "patch_size": 16}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config=vision))
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.8)
    folder = tmp_path_factory.mktemp("checkpoints") / "siglip"
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": 48, "width": 48}).save_pretrained(folder)
    return folder


def tokenizer() -> PreTrainedTokenizerFast:
    """As SigLIP's are told to be: filled up with the end, and no mask."""
    words = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    special = {"pad_token": "</s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(
        tokenizer_object=words, model_input_names=["input_ids"], model_max_length=12, **special
    )


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    generator = np.random.default_rng(6)
    blocks = [Image.fromarray(generator.integers(0, 256, (4, 4, 3), dtype=np.uint8)) for _ in SHAPES]
    return [block.resize(shape, Image.Resampling.BICUBIC) for block, shape in zip(blocks, SHAPES, strict=True)]


@pytest.fixture(scope="module", params=["torch", "torchscript", "onnx"])
def engine(
    request: pytest.FixtureRequest,
    checkpoint: Path,
    images: list[Image.Image],
    tmp_path_factory: pytest.TempPathFactory,
) -> InProcessEngine:
    chosen = checkpoints("small", clip=str(checkpoint))
    return InProcessEngine(*chosen, UNEVEN, backend=backend(request.param, chosen, images, tmp_path_factory))


def backend(name: str, chosen: tuple, images: Sequence[Image.Image], folders: pytest.TempPathFactory) -> Backend:
    if name == "torch":
        return TORCH
    folder = folders.mktemp("exported") / name
    export_graphs(chosen, FORMATS[name], folder, Samples(images[:2], TEXTS[:2]))
    return backend_named(name, folder)


def png(image: Image.Image) -> bytes:
    encoded = BytesIO()
    image.save(encoded, "PNG")
    return encoded.getvalue()


def assert_each_is_its_own(found: Sequence[np.ndarray], expected: torch.Tensor) -> None:
    """Each vector is the expected one at its place, and no other one."""
    cosines = np.stack(found) @ torch.nn.functional.normalize(expected, dim=-1).numpy().T
    assert cosines.diagonal().min() >= COSINE, cosines
    assert (cosines - np.eye(len(found))).max() < COSINE - 0.05, "the vectors are too alike to tell anything"


def test_pictures_of_any_shape_have_the_vectors_that_transformers_gives_them(
    engine: InProcessEngine, checkpoint: Path, images: list[Image.Image]
) -> None:
    model, processor = SiglipModel.from_pretrained(checkpoint), SiglipImageProcessorPil.from_pretrained(checkpoint)
    with torch.inference_mode():
        expected = model.get_image_features(**processor(images=images, return_tensors="pt")).pooler_output
    answers = list(engine.infer(map(png, images), caption=False))
    assert_each_is_its_own([answer.vector for answer in answers], expected)
    assert answers[0].vector.shape == (engine.dimensions,)


def test_texts_of_any_length_have_the_vectors_that_transformers_gives_them(
    engine: InProcessEngine, checkpoint: Path
) -> None:
    model, words = SiglipModel.from_pretrained(checkpoint), AutoTokenizer.from_pretrained(checkpoint)
    tokens = words(TEXTS, padding="max_length", truncation=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model.get_text_features(**tokens).pooler_output
    assert_each_is_its_own(engine.embed_texts(TEXTS), expected)
    assert_each_is_its_own([each for text in TEXTS for each in engine.embed_texts([text])], expected)


@pytest.mark.parametrize("resample", [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])
def test_pictures_are_resized_in_the_way_that_the_checkpoint_names(
    resample: Image.Resampling, images: list[Image.Image]
) -> None:
    processor = SiglipImageProcessorPil(size={"height": 48, "width": 48}, resample=resample)
    ours = Preprocessing.from_config(processor.to_dict())
    expected = processor(images=images, return_tensors="np")["pixel_values"]
    found = np.stack([ours.fit(image) for image in images]) / 127.5 - 1
    assert np.allclose(found, expected, atol=0.5 / 127.5)
    assert ours.label == f"pil-{resample.name.lower()}-48x48-v1"
