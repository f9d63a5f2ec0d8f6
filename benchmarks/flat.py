"""Whether a photo costs the same in a library of 1,000 and in one of 100,000: `make bench-flat`.

Measured: `photos ingest` on small JPEGs (short side 256) with the small models, so that what grows with the library
would show; each size in a fresh process on fresh state. Not measured: photos of camera size, which take longer each and
would hide it.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import tables
from benchmarks.environment import environment
from benchmarks.fresh import sample_of
from benchmarks.keeping import keep
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
    place = environment() | {"load_before": round(os.getloadavg()[0], 2)}
    samples: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="flat-") as scratch:
        kept = (library or Path(scratch) / "library").resolve()
        for run in range(1 if quick else runs):
            for size in [20, 40] if quick else photos or SIZES:
                samples.append({"photos": size, "run": run} | measure(kept, size, Path(scratch) / f"{size}-{run}"))
                typer.echo({name: value for name, value in samples[-1].items() if name != "steps"})
            if not quick:
                keep("flat", place, samples)
    if not quick:
        tables.main()


def measure(library: Path, photos: int, scratch: Path) -> dict[str, Any]:
    """One ingest of so many photos, with the quality of what it made."""
    many_photos(library, photos, small=True)
    place = Place(folder_of(library, photos, small=True), scratch)
    sample = ingest(place)
    asked = library, photos, sample.pop("root"), "--small"
    sample |= sample_of("benchmarks.quality_once", *asked, environment=place.environment())
    shutil.rmtree(scratch, ignore_errors=True)
    return sample


if __name__ == "__main__":
    typer.run(main)
