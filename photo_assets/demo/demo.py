"""The demo: render a library, ingest it through Dagster, search it, and measure how well that went.

What `make demo` runs. It uses the platform as any user would; the true captions are known only here.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from photo_assets.cli import ingest_with_bar
from photo_assets.demo.library import generate_library
from photo_assets.demo.measuring import measured
from photo_assets.finding import open_searcher
from photo_assets.ingest import Ingested
from photo_assets.search.gallery import write_gallery
from photo_assets.search.query import Query
from photo_assets.settings import Settings, load_settings
from photo_assets.terminal import hits_table, out, summary

QUERIES = ("a red boat", "snow at night", "a balloon at sunset")
SHOWN_HITS, GALLERY_HITS = 3, 10


def run(
    to: Annotated[Path, typer.Option(help="Everything the demo makes lies here.")] = Path("demo-output"),
    photos: Annotated[int, typer.Option(min=1, help="How many photos to render.")] = 240,
    seed: Annotated[int, typer.Option(help="The same seed renders the same library.")] = 7,
) -> None:
    """Render, ingest, search, measure; writes report.json and gallery.html."""
    settings, seconds = demo_settings(to), dict[str, float]()
    with timed("render", seconds):
        truth = generate_library(to / "library", photos, seed)
    with timed("ingest", seconds):
        ingested = ingest_with_bar(settings, settings.library_roots)
    with open_searcher(settings) as searcher:
        with timed("search", seconds):
            found = {query: searcher.find(Query(query, limit=GALLERY_HITS)) for query in QUERIES}
        with timed("measure", seconds):
            quality = measured(truth, searcher.captions_by_path(), searcher)
    gallery = write_gallery(to / "gallery.html", "Photos found by meaning", found, _told(ingested, quality))
    _write_report(to / "report.json", ingested, quality, seconds)
    for query, hits in found.items():
        out.print(hits_table(query, hits[:SHOWN_HITS]))
    out.print(f"gallery: {gallery.resolve()}", highlight=False, soft_wrap=True)
    out.print(_told(ingested, quality) + f" in {sum(seconds.values()):.0f} s", highlight=False, soft_wrap=True)


def demo_settings(to: Path) -> Settings:
    """All state below the demo's own folder, and the models that come with the package.

    Nothing else of the environment or of .env holds: a demo must never reach a real library's ledger or collection.
    """
    for name in (*Settings.model_fields, "DAGSTER_HOME"):
        os.environ[name.upper()] = ""
    os.environ.update(PHOTO_DATA=str(to / "data"), PHOTO_LIBRARY=str(to / "library"), PHOTO_MODELS="small")
    return load_settings()


@contextmanager
def timed(stage: str, seconds: dict[str, float]) -> Iterator[None]:
    """Add the seconds spent inside to `seconds[stage]`."""
    started = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - started


def _write_report(path: Path, ingested: Ingested, quality: dict[str, Any], seconds: dict[str, float]) -> None:
    counts = {name: ingested.counts[name] for name in ("files", "photos", "ok", "failed", "duplicates")}
    stages = seconds | {f"ingest/{step}": spent for step, spent in ingested.seconds.items()}
    report = counts | quality | {"seconds": {stage: round(spent, 3) for stage, spent in stages.items()}}
    path.write_text(json.dumps(report, indent=2) + "\n")


def _told(ingested: Ingested, quality: dict[str, Any]) -> str:
    new = "" if ingested.batches else "nothing new; "
    exact, recall = quality["caption_exact"], quality["recall_at_1"]
    counted = summary(ingested.counts, ingested.failures)
    return f"{new}{counted}; captions exact {exact:.1%}, text to photo recall@1 {recall:.1%}"


if __name__ == "__main__":
    typer.run(run)
