"""Decoding against the alternatives, and the pool against a plain loop: `make bench-decode`.

Measured: from a path to pixels on one thread, files in the page cache; the pool with one and two workers. Not measured:
reading from a slow disk, hashing at the scan, anything after the preview. The configurations take turns, each in a
fresh process, so that what else the machine does falls on all of them alike.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import tables
from benchmarks.decode_files import Sample, generate, real
from benchmarks.decode_plot import draw
from benchmarks.decode_ways import WAYS
from benchmarks.environment import environment
from benchmarks.keeping import keep
from benchmarks.pool_once import LOOP

ALTERNATIVES = ("pyvips-binary", "simplejpeg", "opencv-python-headless")
POOL_TITLES = ("jpeg, 12 MP, progressive", "heic, 12 MP", "dng, 24 MP, with preview", "jpeg, 24 MP")


def main(
    runs: Annotated[int, typer.Option(help="How often each configuration is measured.")] = 3,
    photos: Annotated[int, typer.Option(help="How many photos the pool decodes.")] = 48,
) -> None:
    """Write the photos, measure, keep every sample, make the tables and the plot anew."""
    place = environment(*ALTERNATIVES) | {"load_before": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory() as scratch:
        generated, at_hand = generate(Path(scratch)), real(Path(scratch))
        keep("decode", place, samples_of(generated, runs))
        if at_hand:
            keep("decode_real", place, samples_of(at_hand, runs))
        pooled = [sample.path for sample in generated if sample.title in POOL_TITLES]
        turns = [(run, workers) for run in range(runs) for workers in (LOOP, 1, 2)]
        keep("decode_pool", place, [{"run": run} | _pool_sample(n, photos, pooled) for run, n in turns])
    tables.main()
    draw()


def samples_of(files: Sequence[Sample], runs: int) -> list[dict[str, Any]]:
    """One sample per run, file and way; the ways of a file follow each other, so that their ratio is of one moment."""
    turns = [(run, file, way) for run in range(runs) for file in files for way in WAYS[file.ways]]
    return [{"run": run, "file": file.title, "way": way} | _sample(file, way) for run, file, way in turns]


def _pool_sample(workers: int, photos: int, paths: Sequence[Path]) -> dict[str, Any]:
    return _printed("benchmarks.pool_once", workers, photos, *paths)


def _sample(file: Sample, way: str) -> dict[str, Any]:
    return _printed("benchmarks.decode_once", file.path, file.ways, way, file.exact)


def _printed(module: str, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    sample: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return sample


if __name__ == "__main__":
    typer.run(main)
