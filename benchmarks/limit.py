"""How far the pipeline is from its limit: `make bench-limit`; `--quick` looks whether it all runs.

Measured: `photos ingest`, and each of its three stages alone on the same photos with all cores: decoding, the models,
the writing of points. A pipeline whose stages ran at the same time would take as long as its slowest; on cores that
they share none is faster than all of them one after the other. Not measured: a GPU, a server, imports; the models are
loaded within the ingest's seconds, and those are told.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.environment import environment
from benchmarks.fresh import samples_of
from benchmarks.inference_choice import FULL, SMALL
from benchmarks.inference_models import make_checkpoints
from benchmarks.keeping import Benchmark, Sample, keep_runs
from benchmarks.limit_once import STEPS
from photo_assets.demo.library import generate_library

MODELS, PHOTOS = Path("build") / "inference-benchmark", Path("build") / "photos"


@dataclass(frozen=True)
class Course:
    """So many photos of mixed formats, and the models of a family."""

    photos: int
    family: str


# Of full size a caption takes seconds on two cores, so there are few of them.
COURSES = [Course(1000, SMALL), Course(40, FULL)]
QUICK = [Course(8, SMALL)]


def main(
    runs: Annotated[int, typer.Option(help="How often each course is measured; fewer never replace more.")] = 3,
    models: Annotated[Path, typer.Option(help="Where full-size models are made, once.")] = MODELS,
    photos: Annotated[Path, typer.Option(help="Where the photos are made, once.")] = PHOTOS,
    quick: Annotated[bool, typer.Option(help="8 photos, small models, one run; keeps and writes nothing.")] = False,
) -> None:
    """Make photos and models, measure, keep every sample and make the table anew."""
    courses, place = QUICK if quick else COURSES, environment()
    if not quick:
        make_checkpoints(models)
    for course in courses:
        generate_library(folder_of(course, photos), course.photos, seed=11)
    benchmark = Benchmark("limit", runs, lambda run: measure(courses, photos, models.resolve(), run))
    keep_runs(place, [benchmark], quick=quick)


def measure(courses: Sequence[Course], photos: Path, models: Path, run: int) -> Iterator[Sample]:
    """A sample of each course's ingest and stages; the stages have what that ingest has made."""
    for course in courses:
        about = {"photos": course.photos, "family": course.family, "run": run}
        with tempfile.TemporaryDirectory(prefix="limit-") as scratch:
            asked = folder_of(course, photos), scratch, course.family, models
            yield from samples_of("benchmarks.limit_once", STEPS, *asked, about=about)


def folder_of(course: Course, photos: Path) -> Path:
    """Where a course's photos lie: with those of the prototype's."""
    return photos.resolve() / f"mixed-{course.photos}"


if __name__ == "__main__":
    typer.run(main)
