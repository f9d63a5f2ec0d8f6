"""Decoding against the alternatives, and the pool against a plain loop: `make bench-decode`.

Measured: from a path to pixels on one thread, files in the page cache; the pool with one and two workers. Not measured:
reading from a slow disk, hashing at the scan, anything after the preview. The configurations take turns, each in a
fresh process, so that what else the machine does falls on all of them alike.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.decode_files import Photo, generate, real
from benchmarks.decode_plot import draw
from benchmarks.decode_ways import WAYS
from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.keeping import Sample, keep_runs
from benchmarks.pool_once import LOOP

ALTERNATIVES = ("pyvips-binary", "simplejpeg", "opencv-python-headless")
POOL_TITLES = ("jpeg, 12 MP, progressive", "heic, 12 MP", "dng, 24 MP, with preview", "jpeg, 24 MP")


def main(
    runs: Annotated[int, typer.Option(help="How often each configuration is measured.")] = 3,
    photos: Annotated[int, typer.Option(help="How many photos the pool decodes.")] = 48,
) -> None:
    """Write the photos, measure, keep every sample, make the tables and the plot anew."""
    place = environment(*ALTERNATIVES)
    with tempfile.TemporaryDirectory() as scratch:
        generated, at_hand = generate(Path(scratch)), real(Path(scratch))
        keep_runs("decode", place, runs, lambda run: measure(generated, run))
        if at_hand:
            keep_runs("decode_real", place, runs, lambda run: measure(at_hand, run))
        pooled = [photo.path for photo in generated if photo.title in POOL_TITLES]
        keep_runs("decode_pool", place, runs, lambda run: measure_pool(pooled, photos, run))
    draw()


def measure(files: Sequence[Photo], run: int) -> list[Sample]:
    """A sample of each file and way; the ways of a file follow each other, so that their ratio is of one moment."""
    turns = [(file, way) for file in files for way in WAYS[file.ways]]
    return [{"run": run, "file": file.title, "way": way} | _sample(file, way) for file, way in turns]


def measure_pool(paths: Sequence[Path], photos: int, run: int) -> list[Sample]:
    """A sample of each number of workers."""
    return [{"run": run} | sample_of("benchmarks.pool_once", n, photos, *paths) for n in (LOOP, 1, 2)]


def _sample(file: Photo, way: str) -> Sample:
    return sample_of("benchmarks.decode_once", file.path, file.ways, way, file.exact)


if __name__ == "__main__":
    typer.run(main)
