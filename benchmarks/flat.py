"""Whether a photo costs the same in a library of 1,000 and in one of 100,000: `make bench-flat`.

Measured: `photos ingest` on small JPEGs (short side 256) with the small models, so that what grows with the library
would show; each size in a fresh process on fresh state. Not measured: photos of camera size, which take longer each and
would hide it.
"""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.keeping import Sample, keep_runs
from benchmarks.many_photos import folder_of, many_photos
from benchmarks.orchestration_ways import Place, ingest

SIZES = [1_000, 10_000, 100_000]


def main(
    photos: Annotated[list[int] | None, typer.Option(help="How many photos; may be given several times.")] = None,
    runs: Annotated[int, typer.Option(help="How often each.")] = 1,
    library: Annotated[Path | None, typer.Option(help="Where the photos are kept between runs; 3 GB.")] = None,
    quick: Annotated[bool, typer.Option(help="20 and 40 photos; keeps and writes nothing.")] = False,
) -> None:
    """Make the photos if absent, ingest every size, keep every sample and make the table anew."""
    sizes = [20, 40] if quick else photos or SIZES
    with tempfile.TemporaryDirectory(prefix="flat-") as scratch:
        kept = (library or Path(scratch) / "library").resolve()
        keep_runs("flat", environment(), runs, lambda run: measure(kept, sizes, Path(scratch) / str(run), run), quick)


def measure(library: Path, sizes: Sequence[int], scratch: Path, run: int) -> list[Sample]:
    """An ingest of each size."""
    samples = []
    for size in sizes:
        samples.append({"photos": size, "way": "ingest", "run": run} | _ingested(library, size, scratch / str(size)))
        typer.echo({name: value for name, value in samples[-1].items() if name != "steps"})
    return samples


def _ingested(library: Path, photos: int, scratch: Path) -> Sample:
    many_photos(library, photos, small=True)
    place = Place(folder_of(library, photos, small=True), scratch)
    sample = ingest(place)
    asked = library, photos, sample.pop("root"), "--small"
    sample |= sample_of("benchmarks.quality_once", *asked, environment=place.environment())
    shutil.rmtree(scratch, ignore_errors=True)
    return sample


if __name__ == "__main__":
    typer.run(main)
