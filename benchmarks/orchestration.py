"""What Dagster costs: a plain loop, `photos ingest`, the sensor with its daemon. `make bench-orchestration`.

Measured: the same steps on the same photos with the small models, from files on disk to searchable points; each way in
fresh processes on fresh state, the ways taking turns. Not measured: making the photos, the daemon's own start,
full-size models (which would hide what Dagster costs), several machines.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import orchestration_plot
from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.keeping import Benchmark, Sample, keep_runs
from benchmarks.many_photos import LIBRARY, folder_of, many_photos
from benchmarks.orchestration_daemon import daemon
from benchmarks.orchestration_ways import Place, ingest, plain

RUNS_OF = {100: 3, 2_000: 3, 10_000: 1}  # of so many photos; the last takes half an hour

Way = Callable[[Place], Sample]
WAYS: list[Way] = [plain, ingest, daemon]


def main(
    photos: Annotated[list[int] | None, typer.Option(help="How many photos; may be given several times.")] = None,
    runs: Annotated[int | None, typer.Option(help="How often each, else by size; fewer never replace more.")] = None,
    library: Annotated[Path, typer.Option(help="Where the photos are made, once; 11 GB.")] = LIBRARY,
    quick: Annotated[bool, typer.Option(help="12 photos, one run; keeps and writes nothing.")] = False,
) -> None:
    """Make the photos if absent, go every way in turn, keep every sample, make table and plot anew."""
    sizes, place, library = [12] if quick else photos or list(RUNS_OF), environment(), library.resolve()
    for size in sorted(sizes, reverse=True):  # so that a scene is painted once for all its photos
        many_photos(library, size)
    with tempfile.TemporaryDirectory(prefix="orchestration-", dir=library) as scratch:  # where photos can be linked
        benchmarks = [
            Benchmark(
                f"orchestration_{size}",
                runs or RUNS_OF.get(size, 1),
                partial(measure, library, size, Path(scratch) / str(size)),
            )
            for size in sizes
        ]
        keep_runs(place, benchmarks, quick=quick, draw=orchestration_plot.draw)


def measure(library: Path, photos: int, scratch: Path, run: int) -> Iterator[Sample]:
    """A sample of every way, with the quality of what it made. Each run begins with another way."""
    first = run % len(WAYS)
    for way in WAYS[first:] + WAYS[:first]:
        place = Place(folder_of(library, photos), scratch / f"{run}-{way.__name__}")
        os.sync()  # what was written before is not written while the clock runs
        sample = {"photos": photos, "way": way.__name__, "run": run} | way(place)
        asked = library, photos, sample.pop("root")
        sample |= sample_of("benchmarks.quality_once", *asked, environment=place.environment())
        typer.echo({name: value for name, value in sample.items() if name != "steps"})
        yield sample
        shutil.rmtree(place.scratch, ignore_errors=True)  # a run may still be writing its last event


if __name__ == "__main__":
    typer.run(main)
