"""Result i belongs to picture i, whatever is shuffled, broken or too large for the device: all of it at once."""

from collections.abc import Callable, Sequence
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from resources.inference.blip import Blip
from resources.inference.checkpoints import checkpoints
from resources.inference.clip import Clip
from resources.inference.devices import Device
from resources.inference.engine import InProcessEngine
from resources.inference.port import Inferred, ItemError

SCENES, COSINE = 18, 0.999


def engine(clip_batch: int, caption_batch: int) -> InProcessEngine:
    return InProcessEngine(*checkpoints("small"), Device("cpu", torch.float32, clip_batch, caption_batch))


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    generator = np.random.default_rng(11)
    return [png(generator.integers(0, 256, (4, 5, 3), dtype=np.uint8)) for _ in range(SCENES)]


def png(blocks: np.ndarray) -> bytes:
    encoded = BytesIO()
    Image.fromarray(blocks).resize((110, 100), Image.Resampling.BICUBIC).save(encoded, "PNG")
    return encoded.getvalue()


@pytest.fixture(scope="module")
def reference(pictures: list[bytes]) -> dict[bytes, Inferred]:
    """Each picture's answer when it is asked alone."""
    alone = engine(1, 1)
    return {picture: next(iter(alone.infer([picture]))) for picture in pictures}


def troubled(infer: Callable[..., list], most: int, poison: np.ndarray) -> Callable[..., list]:
    """A model on a device that takes `most` pictures, and that fails with every batch that has a certain one."""

    def instead(self: object, inputs: Sequence[np.ndarray]) -> list:
        if len(inputs) > most:
            raise torch.OutOfMemoryError("full")
        if any(np.array_equal(each, poison) for each in inputs):
            raise RuntimeError("poison")
        return infer(self, inputs)

    return instead


@pytest.mark.parametrize("seed", range(4))
def test_each_answer_belongs_to_its_picture_in_any_order_among_failures_on_a_small_device(
    seed: int, pictures: list[bytes], reference: dict[bytes, Inferred], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(seed)
    black, earlier = png(np.zeros((4, 5, 3), dtype=np.uint8)), ItemError("corrupt", "it is corrupt")
    asked = [*pictures, *pictures[:4], black, b"no picture", pictures[0][:200], earlier, earlier]
    asked = [asked[place] for place in random.permutation(len(asked))]
    for model, most in ((Clip, 3 + seed), (Blip, 2)):
        monkeypatch.setattr(model, "infer", troubled(model.infer, most, np.zeros((3, 96, 96), dtype=np.uint8)))
    answers = list(engine(8, 5 + seed).infer(asked))
    assert len(answers) == len(asked)
    for picture, answer in zip(asked, answers, strict=True):
        if isinstance(picture, bytes) and picture in reference:
            assert answer.caption == reference[picture].caption
            assert float(answer.vector @ reference[picture].vector) >= COSINE
        else:
            kind = "corrupt" if picture is earlier else "inference" if picture == black else "undecodable"
            assert (answer.vector.kind, answer.caption.kind) == (kind, kind)


def test_the_pictures_answers_are_told_apart_by_their_vectors_and_captions(reference: dict[bytes, Inferred]) -> None:
    vectors = np.stack([answer.vector for answer in reference.values()])
    assert (vectors @ vectors.T - np.eye(SCENES)).max() < COSINE
    assert len({answer.caption for answer in reference.values()}) > SCENES // 3
