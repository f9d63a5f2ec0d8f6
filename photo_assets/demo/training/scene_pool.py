"""The training pictures: many scenes painted once, small, in both models' shapes.

What is varied afresh in every step (exposure, white balance, blur, noise) is in augmentation.py.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import torch
from PIL import Image

from photo_assets.demo.painting import paint
from photo_assets.demo.scenes import Scene, sample_scene
from photo_assets.demo.vocabulary import COLOURS, OBJECTS, PLACES, TIMES
from resources.inference.preprocessing import Preprocessing

PAINTED_SHORT_SIDE_PX = 128
PAINTERS = 2
PAINT_CHUNK = 64


@dataclass(frozen=True)
class ScenePool:
    """`pixels` is (N, 3, side, side) uint8; `attributes` (N, 4) int64: object, colour, place, time of each scene."""

    pixels: torch.Tensor
    attributes: torch.Tensor
    captions: list[str]

    def __len__(self) -> int:
        return len(self.captions)


def paint_pool(scenes: int, seed: int, preprocessing: Preprocessing) -> ScenePool:
    """Paint so many scenes as the model of this preprocessing sees them."""
    generator = np.random.default_rng(seed)
    sampled = [sample_scene(generator) for _ in range(scenes)]
    chunks = [sampled[start : start + PAINT_CHUNK] for start in range(0, scenes, PAINT_CHUNK)]
    with ProcessPoolExecutor(PAINTERS, mp_context=get_context("spawn")) as painters:
        pixels = list(painters.map(_paint_chunk, chunks, [preprocessing] * len(chunks)))
    attributes = torch.tensor([_attributes(scene) for scene in sampled])
    return ScenePool(torch.cat(pixels), attributes, [scene.caption for scene in sampled])


def _paint_chunk(scenes: Sequence[Scene], preprocessing: Preprocessing) -> torch.Tensor:
    torch.set_num_threads(1)
    fitted = [preprocessing.fit(Image.fromarray(paint(scene, PAINTED_SHORT_SIDE_PX))) for scene in scenes]
    return torch.from_numpy(np.stack(fitted))


def _attributes(scene: Scene) -> list[int]:
    subject = scene.subject
    return [
        OBJECTS.index(subject.object),
        COLOURS.index(subject.colour),
        PLACES.index(subject.place),
        TIMES.index(subject.time),
    ]
