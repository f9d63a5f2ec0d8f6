"""Libraries of any number of photos without rendering each: demo photos, many times with other bytes.

Up to RENDERED photos are the demo's scenes. Beyond that each is written again with a box of its own at the end, which
every decoder skips: another file and another photo to the platform, and as dear to decode.
"""

import os
from dataclasses import replace
from pathlib import Path

from photo_assets.demo.library import DemoPhoto, generate_library

RENDERED = 2_000
_SEED = 11


def many_photos(base: Path, photos: int) -> list[DemoPhoto]:
    """So many photos below base/PHOTOS, written where absent, with their true captions."""
    scenes = generate_library(base / "rendered", min(photos, RENDERED), seed=_SEED)
    return [_one(base, photos, scenes[number % RENDERED], number // RENDERED) for number in range(photos)]


def _one(base: Path, photos: int, scene: DemoPhoto, round_of_it: int) -> DemoPhoto:
    path = base / str(photos) / str(round_of_it) / scene.path.relative_to(base / "rendered")
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
