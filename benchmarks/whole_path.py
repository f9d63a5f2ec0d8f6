"""The whole path on generated photos: seconds per stage, photos per second, peak memory, quality. `make bench`.

Measured: scan to points, through Dagster, with the small models, on a library that is already on disk. Not measured:
rendering the photos, full-size models, a server, the sensor and the daemon.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from photo_assets.demo.library import generate_library

RESULTS = Path(__file__).parent / "results"


def main(
    photos: Annotated[int, typer.Option(help="How many photos.")] = 2000,
    runs: Annotated[int, typer.Option(help="How often, each in a fresh process on fresh state.")] = 3,
    library: Annotated[Path | None, typer.Option(help="Where the photos are kept between runs.")] = None,
) -> None:
    """Render the library if absent, ingest it `runs` times, keep every sample."""
    with tempfile.TemporaryDirectory() as scratch:
        root = (library or Path(scratch) / "library").resolve()
        generate_library(root, photos, seed=11)
        samples = [measure(root, photos, Path(scratch) / f"run-{number}") for number in range(runs)]
    result = {"benchmark": "whole_path", "photos": photos, "environment": environment(), "samples": samples}
    RESULTS.mkdir(exist_ok=True)
    # The marker of a complete benchmark is its file, so it is written last and at once.
    (RESULTS / f"whole_path_{photos}.json").write_text(json.dumps(result, indent=2) + "\n")


def measure(root: Path, photos: int, data: Path) -> dict[str, Any]:
    """One ingest in a process of its own: its report, wall seconds and peak memory."""
    started = time.perf_counter()
    sample = sample_of("benchmarks.ingest_once", root, photos, data, with_peak=True)
    return sample | {"wall_s": round(time.perf_counter() - started, 2)}


if __name__ == "__main__":
    typer.run(main)
