"""A small library of all four formats, made once, and what the decoding pool makes of it."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from photo_assets.demo.files import SHORT_SIDES_PX
from photo_assets.demo.library import DemoPhoto, generate_library, library_scenes
from photo_assets.demo.painting import paint
from photo_assets.demo.scenes import Scene
from resources.decoding.pool import DecodeRequest, DecodeResult, DecodingPool
from resources.decoding.previews import PreviewStore

PHOTOS, SEED = 8, 7

Levels = NDArray[np.float64]


@dataclass(frozen=True)
class Decoded:
    """One photo of the library, its scene, and its result and preview from the pool."""

    photo: DemoPhoto
    scene: Scene
    result: DecodeResult
    preview: Path


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[DemoPhoto]]:
    directory = tmp_path_factory.mktemp("demo") / "library"
    return directory, generate_library(directory, PHOTOS, SEED)


@pytest.fixture(scope="session")
def decoded(library: tuple[Path, list[DemoPhoto]], tmp_path_factory: pytest.TempPathFactory) -> list[Decoded]:
    store, (_, photos) = PreviewStore(tmp_path_factory.mktemp("previews")), library
    with DecodingPool(store, workers=2) as pool:
        results = pool.decode([request_for(photo.path) for photo in photos])
    previews = [store.preview_path(result.photo_id) for result in results]
    return [Decoded(*each) for each in zip(photos, library_scenes(PHOTOS, SEED), results, previews, strict=True)]


@pytest.fixture(scope="session")
def painted() -> Callable[[Scene, str, tuple[int, int]], Levels]:
    """The picture behind a file, brought to (width, height), in levels from 0 to 255."""

    def paint_and_reduce(scene: Scene, photo_format: str, size: tuple[int, int]) -> Levels:
        picture = Image.fromarray(paint(scene, SHORT_SIDES_PX[photo_format]))
        return np.asarray(picture.resize(size, Image.Resampling.LANCZOS)).astype(float)

    return paint_and_reduce


def request_for(path: Path) -> DecodeRequest:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return DecodeRequest(str(uuid.uuid5(uuid.NAMESPACE_OID, str(path))), bytes(path), sha256)
