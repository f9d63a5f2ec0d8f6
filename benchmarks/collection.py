"""The collection at several sizes: `make bench-collection`.

Measured, each in a fresh process: points one by one and a batch at a time, embedded and over HTTP to a stand-in for a
server; then for each size, on one folder: writing, reopening, queries as the points came in, by the search graph and by
int8 vectors, with filters and without, and the recall against brute force of those without; memory and disk. Not
measured: a Qdrant server, photos (the points are made up, two vectors each), disks that are slower than this machine's,
queries while points are written, the recall with filters.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.collection_once import STEPS
from benchmarks.collection_writing import WAYS
from benchmarks.environment import environment
from benchmarks.fresh import samples_of
from benchmarks.keeping import Benchmark, Sample, keep_runs

SIZES = [10_000, 50_000, 200_000]


def main(
    points: Annotated[
        list[int] | None, typer.Option(help="Points; may be given several times; nothing is published then.")
    ] = None,
    runs: Annotated[int, typer.Option(help="How often each, on a fresh folder; fewer never replace more.")] = 3,
    quick: Annotated[bool, typer.Option(help="2,000 points, one run; keeps and writes nothing.")] = False,
) -> None:
    """Write in every way; fill, build, search, remove; keep every sample and make the tables anew."""
    sizes = [2_000] if quick else points or SIZES
    benchmarks = [
        Benchmark("writing", runs, measure_writing),
        Benchmark("collection", runs, lambda run: measure(sizes, run)),
    ]
    keep_runs(environment("qdrant-client"), benchmarks, quick=quick, part=bool(points))


def measure_writing(run: int) -> Iterator[Sample]:
    """A sample of each way of writing, into a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="writing-") as folder:
        yield from samples_of("benchmarks.collection_writing", WAYS, Path(folder), about={"run": run})


def measure(sizes: Sequence[int], run: int) -> Iterator[Sample]:
    """A sample of each size and step, in their order; a size's steps are on one folder."""
    for count in sizes:
        with tempfile.TemporaryDirectory(prefix="collection-") as folder:
            about = {"points": count, "run": run}
            yield from samples_of("benchmarks.collection_once", STEPS, Path(folder), count, about=about)


if __name__ == "__main__":
    typer.run(main)
