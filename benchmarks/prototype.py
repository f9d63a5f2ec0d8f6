"""The prototype's way, step by step up to ours: `make bench-prototype`; `--quick` looks whether it all runs.

Measured: from files on disk to searchable points, models loaded in every run; each rung of the ladder adds one of the
prototype's planned steps, the last line is ours. The same 25 RAW files of 24 MP without and with a camera's preview,
and photos of mixed formats; small models, and full-size ones of random weights. Where the whole ladder would take too
long, its ends alone are measured. Not measured: the prototype's own code, which is rebuilt from its description; a
Qdrant server (all write to the embedded engine); Dagster in the prototype's runs, which would add to them.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from PIL import Image

from benchmarks.decode_files import CAMERA_BITS, CAMERA_PX, dng_with_preview, photograph
from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.inference_choice import FULL, SMALL
from benchmarks.inference_models import make_checkpoints
from benchmarks.keeping import Benchmark, Sample, keep_runs
from benchmarks.prototype_plot import draw
from benchmarks.prototype_ways import OURS, PROTOTYPE, ladder
from photo_assets.demo.library import generate_library
from tests.decoding.dng_samples import dng, mosaic

MODELS = Path("build") / "inference-benchmark"
RAW, RAW_WITH_PREVIEW, MIXED = "RAW, 24 MP", "RAW, 24 MP, with preview", "mixed"

WHOLE = [*(way.title for way in ladder()), OURS]
ENDS = [PROTOTYPE.title, OURS]


@dataclass(frozen=True)
class Course:
    """What is climbed: rungs of the ladder, with so many photos of a kind, and models of a family."""

    kind: str
    photos: int
    family: str
    rungs: Sequence[str]


# One after the other in some ten minutes: of full size a caption takes seconds on two cores, a RAW file one or two.
COURSES = [
    Course(RAW, 25, SMALL, ENDS),
    Course(RAW_WITH_PREVIEW, 25, SMALL, ENDS),
    Course(MIXED, 1000, SMALL, ENDS),
    Course(RAW, 25, FULL, ENDS),
    Course(MIXED, 100, SMALL, WHOLE),
    Course(RAW, 5, FULL, WHOLE),
]
QUICK = [Course(RAW, 2, SMALL, ENDS), Course(MIXED, 8, SMALL, WHOLE)]


def main(
    runs: Annotated[int, typer.Option(help="How often each ladder is climbed; fewer never replace more.")] = 3,
    models: Annotated[Path, typer.Option(help="Where the full-size models are made, once.")] = MODELS,
    photos: Annotated[Path, typer.Option(help="Where the photos are made, once; 3 GB.")] = Path("build") / "photos",
    only: Annotated[
        list[int] | None,
        typer.Option(help="Numbers of the courses, from 1; may be repeated; nothing is published then."),
    ] = None,
    quick: Annotated[bool, typer.Option(help="A few photos, small models, one run; keeps and writes nothing.")] = False,
) -> None:
    """Make photos and models, climb every ladder `runs` times, keep every sample and make the table anew."""
    courses = QUICK if quick else COURSES
    courses = [courses[number - 1] for number in only] if only else courses
    place = environment()
    if any(course.family == FULL for course in courses):
        make_checkpoints(models)
    for course in courses:
        make_photos(course, _folder(photos, course))
    benchmark = Benchmark("prototype", runs, lambda run: measure(courses, photos, models, run))
    keep_runs(place, [benchmark], quick=quick, part=bool(only), draw=draw)


def make_photos(course: Course, folder: Path) -> None:
    """Write the photos that are not there yet."""
    if course.kind == MIXED:
        generate_library(folder, course.photos, seed=11)
        return
    folder.mkdir(parents=True, exist_ok=True)
    lacking = [number for number in range(course.photos) if not _raw_path(folder, number).exists()]
    with ProcessPoolExecutor(2, multiprocessing.get_context("forkserver")) as pool:
        list(pool.map(partial(_write_raw, folder, course.kind == RAW_WITH_PREVIEW), lacking))


def measure(courses: Sequence[Course], photos: Path, models: Path, run: int) -> Iterator[Sample]:
    """A sample of each course and rung."""
    for course in courses:
        for sample in _climbed(course, _folder(photos, course), models):
            yield {"run": run} | sample


def _climbed(course: Course, photos: Path, models: Path) -> Iterator[Sample]:
    """A sample of each rung, compared with the answers of the first."""
    about = {"kind": course.kind, "photos": course.photos, "family": course.family}
    with tempfile.TemporaryDirectory(prefix="prototype-") as scratch:
        first = None
        for title in course.rungs:
            sample = _once(title, course, photos, Path(scratch) / title, models)
            answers = dict(np.load(sample.pop("answers")))
            first = first or answers
            told = about | {"way": title} | sample | agreement(first, answers)
            typer.echo(told)
            yield told


def agreement(first: dict[str, Any], other: dict[str, Any]) -> Sample:
    """How near the answers to the same photos are: cosines of the vectors, and the share of equal captions.

    A photo of `first` that the other lacks has no cosine, and no equal caption.
    """
    place = {name: number for number, name in enumerate(other["names"])}
    both = [number for number, name in enumerate(first["names"]) if name in place]
    order = [place[name] for name in first["names"][both]]
    cosines = (first["vectors"][both] * other["vectors"][order]).sum(axis=1)
    equal = (first["captions"][both] == other["captions"][order]).sum() / len(first["names"])
    return {"min_cosine": round(float(cosines.min()), 5), "captions_equal": round(float(equal), 4)}


def _once(title: str, course: Course, photos: Path, scratch: Path, models: Path) -> Sample:
    asked = {"title": title, "photos": photos, "scratch": scratch, "family": course.family, "models": models.resolve()}
    asked["began"] = time.time()
    options = (part for name, value in asked.items() for part in (f"--{name}", value))
    return sample_of("benchmarks.prototype_once", *options, with_peak=True)


@cache
def _photograph() -> Image.Image:
    return photograph(*CAMERA_PX)


def _folder(photos: Path, course: Course) -> Path:
    return photos.resolve() / f"{course.kind}, {course.photos}".replace(", ", "-").replace(" ", "-").lower()


def _raw_path(folder: Path, number: int) -> Path:
    return folder / f"RAW_{number:04}.dng"


def _write_raw(folder: Path, preview: bool, number: int) -> None:
    """One photograph, moved on by some columns for each file: other bytes, and as dear to decode."""
    moved = Image.fromarray(np.roll(np.asarray(_photograph()), 128 * number, axis=1))
    raw = mosaic(moved, CAMERA_BITS, "lossless jpeg")
    path = _raw_path(folder, number)
    unfinished = path.with_suffix(".part")
    unfinished.write_bytes(dng_with_preview(moved, raw) if preview else dng(moved, raw=raw))
    unfinished.rename(path)


if __name__ == "__main__":
    typer.run(main)
