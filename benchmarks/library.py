"""Looking at a library of very many files: `make bench-library`.

Measured: the first look, the one that settles, the cutting of batches, a tick of the sensor with nothing new, a look
that has to stop again and again; each in a fresh process, with its CPU time and peak memory. Not measured: photos (the
files are empty: nothing opens them here), disks that are slower than this machine's page cache, a PostgreSQL ledger.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.environment import environment
from benchmarks.fresh import samples_of
from benchmarks.keeping import Benchmark, Sample, keep_runs
from benchmarks.library_once import STEPS

SIZES = [10_000, 100_000, 1_000_000]
FILES_PER_FOLDER = 1000


def main(
    files: Annotated[
        list[int] | None, typer.Option(help="Files in a tree; may be given several times; nothing is published then.")
    ] = None,
    runs: Annotated[int, typer.Option(help="How often each tree, on a fresh ledger; fewer never replace more.")] = 3,
    quick: Annotated[bool, typer.Option(help="2,000 files, one run; keeps and writes nothing.")] = False,
) -> None:
    """Make the trees, measure, remove them; keep every sample and make the table anew."""
    place = environment()
    with tempfile.TemporaryDirectory(prefix="library-") as scratch:
        trees = {count: Path(scratch) / str(count) for count in ([2_000] if quick else files or SIZES)}
        for count, tree in trees.items():
            plant(tree, count)
        benchmark = Benchmark("library", runs, lambda run: measure(trees, Path(scratch), run))
        keep_runs(place, [benchmark], quick=quick, part=bool(files))


def plant(tree: Path, count: int) -> None:
    """Make a tree of `count` empty files with photos' names."""
    for number in range(count):
        folder = tree / f"{number // FILES_PER_FOLDER:06}"
        if number % FILES_PER_FOLDER == 0:
            folder.mkdir(parents=True)
        os.close(os.open(folder / f"IMG_{number:07}.jpg", os.O_CREAT | os.O_WRONLY))


def measure(trees: Mapping[int, Path], scratch: Path, run: int) -> Iterator[Sample]:
    """A sample of each tree and step, in their order; a tree's steps are on one ledger."""
    for count, tree in trees.items():
        about = {"files": count, "run": run}
        data = scratch / f"run-{run}-{count}"
        yield from samples_of("benchmarks.library_once", STEPS, tree, data, about=about)


if __name__ == "__main__":
    typer.run(main)
