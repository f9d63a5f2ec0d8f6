"""Libraries of any number of photos without painting each: scenes of the demo, and the same ones in another light.

Beyond the painted ones a photo is a scene again, by some hundredths redder or bluer, brighter or darker than each time
before: another picture to every step, of which none is spared as a copy, and one that has the scene's caption still.
"""

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photo_assets.demo.files import EXTENSIONS, FORMATS, SHORT_SIDES_PX, photo_bytes
from photo_assets.demo.library import WORKERS, DemoPhoto, library_scenes, write_whole
from photo_assets.demo.painting import paint
from photo_assets.demo.scenes import Scene

LIBRARY = Path("build") / "many-photos"
PAINTED, SMALL_PAINTED = 2_000, 200
SMALL_PX = 256  # the short side
_SEED = 11
_MOST = 0.05  # by which each colour is stronger or weaker

Job = tuple[Scene, int, Mapping[int, DemoPhoto]]  # a scene, its short side in pixels, and its photos by their light


def many_photos(base: Path, photos: int, *, small: bool = False) -> list[DemoPhoto]:
    """So many photos below `folder_of`, written where absent, with their true captions.

    `small`: JPEGs with a short side of SMALL_PX, which take the room of a hundred thousand and the time of none. A
    larger library has the photos of a smaller one as the same files. The caller's main module must be importable.
    """
    scenes = library_scenes(min(photos, SMALL_PAINTED if small else PAINTED), _SEED)
    kept = base / ("small" if small else "whole")
    library = [_photo(kept, scenes, number, small) for number in range(photos)]
    _write(_missing(scenes, library, small))
    return [_linked(photo, kept, folder_of(base, photos, small=small)) for photo in library]


def folder_of(base: Path, photos: int, *, small: bool = False) -> Path:
    """The folder with so many photos and nothing else."""
    return base / f"{photos}{'-small' if small else ''}"


def in_light(picture: NDArray[np.uint8], light: int) -> NDArray[np.uint8]:
    """An (H, W, 3) uint8 sRGB picture in one of many lights; 0 leaves it as it is."""
    if not light:
        return picture
    gains = 1 + np.random.default_rng(light).uniform(-_MOST, _MOST, 3).astype(np.float32)
    return np.clip(picture * gains + 0.5, 0, 255).astype(np.uint8)


def _photo(kept: Path, scenes: Sequence[Scene], number: int, small: bool) -> DemoPhoto:
    light, index = divmod(number, len(scenes))
    photo_format = "jpeg" if small else FORMATS[index % len(FORMATS)]
    return DemoPhoto(kept / f"{light}/{index:04}.{EXTENSIONS[photo_format]}", scenes[index].caption, photo_format)


def _missing(scenes: Sequence[Scene], library: Sequence[DemoPhoto], small: bool) -> list[Job]:
    jobs: list[Job] = []
    for index, scene in enumerate(scenes):
        in_lights = library[index :: len(scenes)]
        missing = {light: photo for light, photo in enumerate(in_lights) if not photo.path.exists()}
        if missing:
            jobs.append((scene, SMALL_PX if small else SHORT_SIDES_PX[in_lights[0].format], missing))
    return jobs


def _write(jobs: Sequence[Job]) -> None:
    if not jobs:
        return
    with ProcessPoolExecutor(min(WORKERS, len(jobs)), multiprocessing.get_context("spawn")) as workers:
        for _ in workers.map(_write_scene, *zip(*jobs, strict=True)):
            pass  # asking for each result is what raises a worker's error


def _write_scene(scene: Scene, short_side_px: int, photos: Mapping[int, DemoPhoto]) -> None:
    picture = paint(scene, short_side_px)
    for light, photo in photos.items():
        write_whole(photo.path, photo_bytes(scene, in_light(picture, light), photo.format))


def _linked(photo: DemoPhoto, kept: Path, folder: Path) -> DemoPhoto:
    path = folder / photo.path.relative_to(kept)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(photo.path, path)
    return replace(photo, path=path)
