"""Decoding against the alternatives, and the pool against a plain loop: `make bench-decode`.

Measured: from a path to pixels on one thread, files in the page cache; the pool with one and two workers. Not measured:
reading from a slow disk, hashing at the scan, anything after the preview. The configurations take turns, each in a
fresh process, so that what else the machine does falls on all of them alike.
"""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.decode_files import Photo, generate, real
from benchmarks.decode_plot import draw
from benchmarks.decode_ways import WAYS
from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.keeping import Benchmark, Sample, keep_runs
from benchmarks.pool_once import LOOP

ALTERNATIVES = ("pyvips-binary", "simplejpeg", "opencv-python-headless")
POOL_TITLES = ("jpeg, 12 MP, progressive", "heic, 12 MP", "dng, 24 MP, with preview", "jpeg, 24 MP")
POOL_PHOTOS = 48


def main(
    runs: Annotated[int, typer.Option(help="How often each configuration is measured; fewer never replace more.")] = 3,
    photos: Annotated[
        int, typer.Option(help="How many photos the pool decodes; with another number nothing is published.")
    ] = POOL_PHOTOS,
) -> None:
    """Write the photos, measure, keep every sample, make the tables and the plot anew."""
    place = environment(*ALTERNATIVES)
    with tempfile.TemporaryDirectory() as scratch:
        generated, at_hand = generate(Path(scratch)), real(Path(scratch))
        pooled = [photo.path for photo in generated if photo.title in POOL_TITLES]
        benchmarks = [
            Benchmark("decode", runs, lambda run: measure(generated, run)),
            Benchmark("decode_real", runs if at_hand else 0, lambda run: measure(at_hand, run)),
            Benchmark("decode_pool", runs, lambda run: measure_pool(pooled, photos, run)),
        ]
        keep_runs(place, benchmarks, part=photos != POOL_PHOTOS, draw=draw)


def measure(files: Sequence[Photo], run: int) -> Iterator[Sample]:
    """A sample of each file and way; the ways of a file follow each other, so that their ratio is of one moment."""
    for file in files:
        for way in WAYS[file.ways]:
            yield {"run": run, "file": file.title, "way": way} | _sample(file, way)


def measure_pool(paths: Sequence[Path], photos: int, run: int) -> Iterator[Sample]:
    """A sample of each number of workers."""
    for workers in (LOOP, 1, 2):
        yield {"run": run} | sample_of("benchmarks.pool_once", workers, photos, *paths)


def _sample(file: Photo, way: str) -> Sample:
    return sample_of("benchmarks.decode_once", file.path, file.ways, way, file.exact)


if __name__ == "__main__":
    typer.run(main)
