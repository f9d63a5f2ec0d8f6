"""What Dagster costs: a plain loop, `photos ingest`, the sensor with its daemon. `make bench-orchestration`.

Measured: the same steps on the same photos with the small models, from files on disk to searchable points; each way in
fresh processes on fresh state, the ways taking turns. Not measured: rendering the photos, the daemon's own start,
full-size models (which would hide what Dagster costs), several machines.
"""

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import orchestration_plot
from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.keeping import Sample, keep_runs
from benchmarks.many_photos import folder_of, many_photos
from benchmarks.orchestration_ways import Place, daemon, ingest, plain

RUNS_OF = {100: 3, 2_000: 3, 10_000: 1}  # of so many photos; the last takes half an hour

Way = Callable[[Place], Sample]
WAYS: list[Way] = [plain, ingest, daemon]


def main(
    photos: Annotated[list[int] | None, typer.Option(help="How many photos; may be given several times.")] = None,
    runs: Annotated[int | None, typer.Option(help="How often each; by size where absent.")] = None,
    library: Annotated[Path | None, typer.Option(help="Where the photos are kept between runs.")] = None,
    quick: Annotated[bool, typer.Option(help="12 photos, one run; keeps and writes nothing.")] = False,
) -> None:
    """Render the photos if absent, go every way in turn, keep every sample, make table and plot anew."""
    with tempfile.TemporaryDirectory(prefix="orchestration-") as scratch:
        kept = (library or Path(scratch) / "library").resolve()
        for size in [12] if quick else photos or list(RUNS_OF):
            many_photos(kept, size)
            run = partial(measure, kept, size, Path(scratch) / str(size))
            keep_runs(f"orchestration_{size}", environment(), runs or RUNS_OF.get(size, 1), run, quick)
    if not quick:
        orchestration_plot.draw()


def measure(library: Path, photos: int, scratch: Path, run: int) -> list[Sample]:
    """A sample of every way, with the quality of what it made. Each run begins with another way."""
    samples = []
    first = run % len(WAYS)
    for way in WAYS[first:] + WAYS[:first]:
        place = Place(folder_of(library, photos), scratch / f"{run}-{way.__name__}")
        sample = {"photos": photos, "way": way.__name__, "run": run} | way(place)
        asked = library, photos, sample.pop("root")
        samples.append(sample | sample_of("benchmarks.quality_once", *asked, environment=place.environment()))
        typer.echo({name: value for name, value in samples[-1].items() if name != "steps"})
        shutil.rmtree(place.scratch, ignore_errors=True)  # a run may still be writing its last event
    return samples


if __name__ == "__main__":
    typer.run(main)
