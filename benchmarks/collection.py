"""The collection at several sizes: `make bench-collection`.

Measured, each in a fresh process: points one by one and a batch at a time, embedded and over HTTP to a stand-in for a
server; then for each size, on one folder: writing, reopening, queries as the points came in, by the search graph and by
int8 vectors, with filters and without, with the recall against brute force beside every speed; memory and disk. Not
measured: a Qdrant server, photos (the points are made up, two vectors each), disks that are slower than this machine's,
queries while points are written.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.collection_once import STEPS
from benchmarks.collection_writing import WAYS
from benchmarks.environment import environment
from benchmarks.fresh import samples_of
from benchmarks.keeping import Sample, keep_runs

SIZES = [10_000, 50_000, 200_000]


def main(
    points: Annotated[list[int] | None, typer.Option(help="Points; may be given several times.")] = None,
    runs: Annotated[int, typer.Option(help="How often each is measured, on a fresh folder.")] = 3,
    quick: Annotated[bool, typer.Option(help="2,000 points, one run; keeps and writes nothing.")] = False,
) -> None:
    """Write in every way; fill, build, search, remove; keep every sample and make the tables anew."""
    sizes = [2_000] if quick else points or SIZES
    keep_runs("writing", environment("qdrant-client"), runs, measure_writing, quick)
    keep_runs("collection", environment("qdrant-client"), runs, lambda run: measure(sizes, run), quick)


def measure_writing(run: int) -> list[Sample]:
    """A sample of each way of writing, into a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="writing-") as folder:
        return samples_of("benchmarks.collection_writing", WAYS, Path(folder), about={"run": run})


def measure(sizes: Sequence[int], run: int) -> list[Sample]:
    """A sample of each size and step, in their order; a size's steps are on one folder."""
    samples = []
    for count in sizes:
        with tempfile.TemporaryDirectory(prefix="collection-") as folder:
            about = {"points": count, "run": run}
            samples += samples_of("benchmarks.collection_once", STEPS, Path(folder), count, about=about)
    return samples


if __name__ == "__main__":
    typer.run(main)
