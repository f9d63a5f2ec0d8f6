"""The collection at several sizes: `make bench-collection`.

Measured, each in a fresh process on the same folder: points written a batch at a time and one by one, reopening,
queries as they came in, by the search graph and by int8 vectors, with filters and without, with the recall against
brute force beside every speed; memory and disk. Not measured: a Qdrant server, photos (the points are made up, two
vectors each), disks that are slower than this machine's, queries while points are written.
"""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import tables
from benchmarks.collection_once import STEPS
from benchmarks.environment import environment
from benchmarks.fresh import samples_of
from benchmarks.keeping import keep

SIZES = [10_000, 50_000, 200_000]

Sample = dict[str, Any]


def main(
    points: Annotated[list[int] | None, typer.Option(help="Points; may be given several times.")] = None,
    runs: Annotated[int, typer.Option(help="How often each size is measured, on a fresh folder.")] = 3,
    quick: Annotated[bool, typer.Option(help="2,000 points, one run; keeps and writes nothing.")] = False,
) -> None:
    """Fill, build, search, remove; keep every sample and make the table anew."""
    place = environment("qdrant-client") | {"load_before": round(os.getloadavg()[0], 2)}
    samples: list[Sample] = []
    for run in range(1 if quick else runs):
        for count in [2_000] if quick else points or SIZES:
            with tempfile.TemporaryDirectory(prefix="collection-") as folder:
                samples += measure(Path(folder), count, {"points": count, "run": run})
        if not quick:  # a whole run is worth keeping, whatever becomes of the next
            keep("collection", place, samples)
    if not quick:
        tables.main()


def measure(folder: Path, count: int, about: Sample) -> list[Sample]:
    """A sample of each step, in their order, on one folder."""
    return samples_of("benchmarks.collection_once", STEPS, folder, count, about=about)


if __name__ == "__main__":
    typer.run(main)
