"""The photos that peers are measured on, made once, and what is truly to be seen on them."""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.decode_files import CAMERA_PX, photograph
from benchmarks.peers_choice import JPEG, MIXED, RAW, Course
from benchmarks.prototype import Course as Climb
from benchmarks.prototype import make_photos
from photo_assets.demo.library import generate_library

_SEED, _QUALITY = 11, 92


def make(course: Course, photos: Path) -> tuple[Path, dict[str, str]]:
    """The folder of a course below `photos`, whole, and the true caption of each photo where it has one."""
    folder = photos.resolve() / f"{course.kind}, {course.photos}".replace(", ", "-").replace(" ", "-").lower()
    if course.kind == MIXED:
        library = generate_library(folder, course.photos, seed=_SEED)
        return folder, {photo.path.relative_to(folder).as_posix(): photo.caption for photo in library}
    folder.mkdir(parents=True, exist_ok=True)
    if course.kind == JPEG:
        for number in range(course.photos):
            _write_jpeg(folder / f"IMG_{number:04}.jpg", number)
    if course.kind == RAW:
        make_photos(Climb(course.kind, course.photos, course.family, ()), folder)
    return folder, {}


def first_of(folder: Path) -> Path:
    """A photo that every way reads where one of them does not read all: the first JPEG, or else the first file."""
    return min(folder.rglob("*.jpg"), default=None) or min(path for path in folder.rglob("*") if path.is_file())


def _write_jpeg(path: Path, number: int) -> None:
    if path.exists():
        return
    # Moved on by some columns for each file: other bytes, and as dear to decode.
    moved = np.roll(_pixels(), 128 * number, axis=1)
    unfinished = path.with_suffix(".part")
    Image.fromarray(moved).save(unfinished, "JPEG", quality=_QUALITY)
    unfinished.rename(path)


@cache
def _pixels() -> np.ndarray:
    return np.asarray(photograph(*CAMERA_PX))
