"""Whether a photo costs the same in a library of 1,000 and in one of 100,000: `make bench-flat`.

Measured: `photos ingest` on small JPEGs (short side 256) with the small models, so that what grows with the library
would show; each size in a fresh process on fresh state. Not measured: photos of camera size, which take longer each and
would hide it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import dagster as dg
import typer

from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.keeping import Benchmark, Sample, keep_runs
from benchmarks.many_photos import LIBRARY, folder_of, many_photos
from benchmarks.orchestration_ways import Place, ingest
from photo_assets.instance import open_instance
from photo_assets.jobs import ingest_batch
from photo_assets.run_tags import FILES

SIZES = [1_000, 10_000, 100_000]


def main(
    photos: Annotated[
        list[int] | None, typer.Option(help="How many photos; may be given several times; nothing is published then.")
    ] = None,
    runs: Annotated[int, typer.Option(help="How often each; fewer never replace more.")] = 1,
    library: Annotated[Path, typer.Option(help="Where the photos are made, once; 2 GB.")] = LIBRARY,
    quick: Annotated[bool, typer.Option(help="20 and 40 photos; keeps and writes nothing.")] = False,
) -> None:
    """Make the photos if absent, ingest every size, keep every sample and make the table anew."""
    sizes, place, library = [20, 40] if quick else photos or SIZES, environment(), library.resolve()
    for size in sorted(sizes, reverse=True):  # so that a scene is painted once for all its photos
        many_photos(library, size, small=True)
    with tempfile.TemporaryDirectory(prefix="flat-") as scratch:
        benchmark = Benchmark("flat", runs, lambda run: measure(library, sizes, Path(scratch) / str(run), run))
        keep_runs(place, [benchmark], quick=quick, part=bool(photos))


def measure(library: Path, sizes: Sequence[int], scratch: Path, run: int) -> Iterator[Sample]:
    """An ingest of each size."""
    for size in sizes:
        sample = {"photos": size, "way": "ingest", "run": run} | _ingested(library, size, scratch / str(size))
        typer.echo({name: value for name, value in sample.items() if name != "steps"})
        yield sample


def _ingested(library: Path, photos: int, scratch: Path) -> Sample:
    place = Place(folder_of(library, photos, small=True), scratch)
    os.sync()  # what was written before is not written while the clock runs
    _read_once(place.root)
    sample = ingest(place)
    with open_instance(place.settings()) as instance:
        sample["runs"] = runs_of(instance)
    asked = library, photos, sample.pop("root"), "--small"
    sample |= sample_of("benchmarks.quality_once", *asked, environment=place.environment())
    shutil.rmtree(scratch, ignore_errors=True)
    return sample


def _read_once(folder: Path) -> None:
    """Bring every photo into the page cache, of which a larger library would else have less."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.read_bytes()


def runs_of(instance: dg.DagsterInstance) -> list[tuple[int, float, float]]:
    """Of each run of batches its files, the begin of its first step and the end of its last, in order, in seconds."""
    runs = []
    for run in instance.get_runs(dg.RunsFilter(job_name=ingest_batch.name)):
        steps = instance.get_run_step_stats(run.run_id)
        begin, end = min(step.start_time for step in steps), max(step.end_time for step in steps)
        runs.append((begin, end, int(run.tags[FILES])))
    return [(files, round(begin, 3), round(end, 3)) for begin, end, files in sorted(runs)]


if __name__ == "__main__":
    typer.run(main)
