"""Libraries of any number of photos without rendering each: demo photos, many times with other bytes.

Some are the demo's scenes. Beyond those each is written again with a box of its own at the end, which every decoder
skips: another file and another photo to the platform, and as dear to decode.
"""

import os
from dataclasses import replace
from pathlib import Path

from PIL import Image

from photo_assets.demo.library import DemoPhoto, generate_library

RENDERED = 2_000
SMALL_RENDERED, SMALL_PX = 200, 256
_SEED = 11


def many_photos(base: Path, photos: int, *, small: bool = False) -> list[DemoPhoto]:
    """So many photos below `folder_of`, written where absent, with their true captions.

    `small`: JPEGs with a short side of 256, which take the room of a hundred thousand and the time of none.
    """
    scenes = _small_scenes(base) if small else _scenes(base, min(photos, RENDERED))
    folder = folder_of(base, photos, small=small)
    return [_one(folder, scenes[number % len(scenes)], number // len(scenes)) for number in range(photos)]


def folder_of(base: Path, photos: int, *, small: bool = False) -> Path:
    """The folder with so many photos and nothing else."""
    return base / f"{photos}{'-small' if small else ''}"


def _scenes(base: Path, photos: int) -> list[DemoPhoto]:
    return generate_library(base / "rendered", photos, seed=_SEED)


def _small_scenes(base: Path) -> list[DemoPhoto]:
    scenes = [replace(scene, format="jpeg") for scene in _scenes(base, SMALL_RENDERED)]
    return [replace(scene, path=_shrunk(scene.path)) for scene in scenes if scene.path.suffix in (".jpg", ".png")]


def _shrunk(rendered: Path) -> Path:
    path = rendered.parents[1].with_name("shrunk") / rendered.parent.name / f"{rendered.stem}.jpg"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(rendered) as picture:
            picture.thumbnail((2 * SMALL_PX, SMALL_PX))
            picture.convert("RGB").save(path, quality=90)
    return path


def _one(folder: Path, scene: DemoPhoto, round_of_it: int) -> DemoPhoto:
    path = folder / str(round_of_it) / scene.path.parent.name / scene.path.name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        if round_of_it:
            path.write_bytes(scene.path.read_bytes() + _box(round_of_it))
        else:
            os.link(scene.path, path)
    return replace(scene, path=path)


def _box(number: int) -> bytes:
    """A free box of ISO base media, 16 bytes; to other formats it is bytes after their end."""
    return (16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big")
