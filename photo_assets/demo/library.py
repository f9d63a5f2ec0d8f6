"""A library of demo photos on disk with the truth beside it: `python -m photo_assets.demo.library --to DIR`.

Here belongs which scene becomes which file, in what folder, and writing each whole or not at all. How a photo looks
and what its camera notes are said in painting and files. One run at a time per directory.
"""

import json
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from photo_assets.demo.files import EXTENSIONS, FORMATS, SHORT_SIDES_PX, photo_bytes, taken_at
from photo_assets.demo.painting import paint
from photo_assets.demo.scenes import Scene, sample_scene
from photo_assets.demo.vocabulary import all_subjects

TRUTH = "truth.jsonl"
WORKERS = 2

_PREFIXES = {"jpeg": "IMG", "png": "SCAN", "heic": "PHONE", "dng": "RAW"}


@dataclass(frozen=True)
class DemoPhoto:
    """One file of the library; `caption` is its only true caption, `format` one of files.FORMATS."""

    path: Path
    caption: str
    format: str


def generate_library(directory: Path, photos: int, seed: int = 7) -> list[DemoPhoto]:
    """Write the photos that are not there yet, and their truth as truth.jsonl beside the directory.

    The formats take turns. A file that exists is whole and is left alone; a larger library of the same seed contains
    the smaller one. The caller's main module must be importable, since the workers are spawned.
    """
    scenes = library_scenes(photos, seed)
    library = [_demo_photo(directory, index, scene) for index, scene in enumerate(scenes)]
    _write_missing([(photo, scene) for photo, scene in zip(library, scenes, strict=True) if not photo.path.exists()])
    directory.mkdir(parents=True, exist_ok=True)
    write_whole(directory.parent / TRUTH, _truth(directory, library))
    return library


def library_scenes(photos: int, seed: int) -> list[Scene]:
    """The scenes in order: every subject comes round before any comes again, and none depends on `photos`."""
    subjects = all_subjects()
    order: list[int] = []
    while len(order) < photos:
        shuffled = np.random.default_rng([seed, len(order), 1]).permutation(len(subjects))
        order.extend(shuffled.tolist())
    drawn = enumerate(order[:photos])
    return [sample_scene(np.random.default_rng([seed, index]), subjects[subject]) for index, subject in drawn]


def write_photo(photo: DemoPhoto, scene: Scene) -> None:
    """Paint, encode and write one photo."""
    picture = paint(scene, SHORT_SIDES_PX[photo.format])
    write_whole(photo.path, photo_bytes(scene, picture, photo.format))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file by way of a hidden one beside it, so that what exists under `path` is always whole."""
    unfinished = path.with_name(f".{path.name}.part")  # no random name: the next run overwrites what a killed one left
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _demo_photo(directory: Path, index: int, scene: Scene) -> DemoPhoto:
    photo_format = FORMATS[index % len(FORMATS)]
    name = f"{_PREFIXES[photo_format]}_{index:04d}.{EXTENSIONS[photo_format]}"
    return DemoPhoto(directory / str(taken_at(scene).year) / name, scene.caption, photo_format)


def _write_missing(missing: Sequence[tuple[DemoPhoto, Scene]]) -> None:
    if not missing:
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(WORKERS, len(missing)), spawn) as workers:
        for _ in workers.map(write_photo, *zip(*missing, strict=True)):
            pass  # asking for each result is what raises a worker's error


def _truth(directory: Path, library: Sequence[DemoPhoto]) -> bytes:
    rows = (
        {"path": photo.path.relative_to(directory).as_posix(), "caption": photo.caption, "format": photo.format}
        for photo in library
    )
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def main(
    to: Annotated[Path, typer.Option(help="The library's folder; truth.jsonl is written beside it.")],
    photos: Annotated[int, typer.Option(min=0, help="How many photos the library holds.")] = 240,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same library.")] = 7,
) -> None:
    """Render a library of demo photos."""
    library = generate_library(to, photos, seed)
    typer.echo(f"{len(library)} photos in {to}")


if __name__ == "__main__":
    typer.run(main)
