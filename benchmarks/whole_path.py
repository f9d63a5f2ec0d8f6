"""The whole path on generated photos: seconds per stage, photos per second, peak memory, quality. `make bench`.

Measured: scan to points, through Dagster, with the small models, on a library that is already on disk. Not measured:
rendering the photos, full-size models, a server, the sensor and the daemon.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.environment import environment
from benchmarks.memory import PeakMemory
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
    command = [sys.executable, "-m", "benchmarks.ingest_once", str(root), str(photos), str(data)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with PeakMemory(process.pid) as memory:
        printed, _ = process.communicate()
    wall_s = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"the ingest failed with exit code {process.returncode}")
    sample: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return sample | {"wall_s": round(wall_s, 2), "peak_mb": round(memory.peak_bytes / 1e6)}


if __name__ == "__main__":
    typer.run(main)
