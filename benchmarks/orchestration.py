"""What Dagster costs: a plain loop, `photos ingest`, the sensor with its daemon. `make bench-orchestration`.

Measured: the same steps on the same photos with the small models, from files on disk to searchable points; each way in
fresh processes on fresh state, the ways taking turns. Not measured: rendering the photos, the daemon's own start,
full-size models (which would hide what Dagster costs), several machines.
"""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import orchestration_plot, tables
from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.keeping import keep
from benchmarks.many_photos import folder_of, many_photos
from benchmarks.orchestration_ways import Place, daemon, ingest, plain

RUNS_OF = {100: 3, 2_000: 3, 10_000: 1}  # of so many photos; the last takes half an hour

Sample = dict[str, Any]
Way = Callable[[Place], Sample]
WAYS: list[Way] = [plain, ingest, daemon]


def main(
    photos: Annotated[list[int] | None, typer.Option(help="How many photos; may be given several times.")] = None,
    runs: Annotated[int | None, typer.Option(help="How often each; by size where absent.")] = None,
    library: Annotated[Path | None, typer.Option(help="Where the photos are kept between runs.")] = None,
    quick: Annotated[bool, typer.Option(help="12 photos, one run; keeps and writes nothing.")] = False,
) -> None:
    """Render the photos if absent, go every way in turn, keep every sample, make table and plot anew."""
    sizes = [12] if quick else photos or list(RUNS_OF)
    with tempfile.TemporaryDirectory(prefix="orchestration-") as scratch:
        kept = (library or Path(scratch) / "library").resolve()
        for size in sizes:
            many_photos(kept, size)
            place = environment() | {"load_before": round(os.getloadavg()[0], 2)}
            samples: list[Sample] = []
            for run in range(1 if quick else runs or RUNS_OF.get(size, 1)):
                samples += measure(kept, size, Path(scratch) / f"{size}-{run}", run)
            if not quick:
                keep(f"orchestration_{size}", place, samples)
    if not quick:
        tables.main()
        orchestration_plot.draw()


def measure(library: Path, photos: int, scratch: Path, run: int) -> list[Sample]:
    """A sample of every way, with the quality of what it made."""
    samples = []
    for way in WAYS:
        place = Place(folder_of(library, photos), scratch / way.__name__)
        sample = {"photos": photos, "way": way.__name__, "run": run} | way(place)
        asked = library, photos, sample.pop("root")
        samples.append(sample | sample_of("benchmarks.quality_once", *asked, environment=place.environment()))
        shown = {name: value for name, value in samples[-1].items() if name != "steps"}
        typer.echo(shown)
        shutil.rmtree(place.scratch, ignore_errors=True)  # a run may still be writing its last event
    return samples


if __name__ == "__main__":
    typer.run(main)
