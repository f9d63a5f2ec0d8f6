"""The `photos` command: arguments in, words out.

What the commands do stands elsewhere (ingest.py, search/, the rooms). Every error the platform raises on purpose is one
message and exit code 1.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.progress import Progress
from rich.table import Table

from photo_assets.backup_commands import backup, restore
from photo_assets.collection_commands import collection
from photo_assets.finding import duplicates, search
from photo_assets.logs import TOLD, begin_logging, tell_what_failed
from photo_assets.settings import Settings, load_settings
from photo_assets.terminal import (
    due_table,
    failures_table,
    files_task,
    out,
    plain,
    print_json,
    progress_bar,
    summary,
    whereabouts,
)
from resources.errors import PhotoPlatformError

if TYPE_CHECKING:
    from photo_assets.ingest import Ingested

app = typer.Typer(
    help="Every photo decoded, described and searchable by meaning. Originals are never changed.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

library = typer.Typer(help="The folders with your photos.", no_args_is_help=True)
app.add_typer(library, name="library")
models = typer.Typer(help="The models that describe photos.", no_args_is_help=True)
app.add_typer(models, name="models")
app.add_typer(collection, name="collection")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]


@app.callback()
def begin() -> None:
    """Whatever the command is."""
    begin_logging(load_settings().photo_log_format)


def main() -> None:
    """The console script's entry."""
    begin_logging("text")  # until the settings are read
    try:
        app()
    except PhotoPlatformError as error:
        for line in str(error).splitlines():
            TOLD.error(line)
        sys.exit(1)


@app.command()
def ingest(
    roots: Annotated[list[Path] | None, typer.Argument(help="Folders; PHOTO_LIBRARY by default.")] = None,
) -> None:
    """Scan for new photos and take them through decoding, inference and the collection."""
    values = load_settings()
    ingested = ingest_with_bar(values, _roots(roots, values))
    for warning in ingested.scan.warnings():
        TOLD.warning(warning)
    if not (ingested.seconds or ingested.failed or ingested.left):
        out.print("nothing new", highlight=False)
    if followed := whereabouts(ingested.scan.seen):
        out.print(followed, highlight=False)
    if ingested.removed:
        out.print(f"{ingested.removed} photos left the collection: no file held them any more", highlight=False)
    if ingested.rewritten:
        out.print(f"removed photos are back in {len(ingested.rewritten)} earlier batches", highlight=False)
    if ingested.described:
        out.print(f"sidecars read again in {len(ingested.described)} earlier batches", highlight=False)
    if ingested.captioned:
        out.print(f"captions written again in {len(ingested.captioned)} earlier batches", highlight=False)
    _tell_left(ingested.left)
    out.print(summary(ingested.counts, ingested.failures), highlight=False, soft_wrap=True)
    tell_what_failed(ingested.failed, ingested.differs, "photos ingest")


@app.command()
def refresh(
    plan: Annotated[bool, typer.Option("--plan", help="Only show what would run and why.")] = False,
    as_json: Json = False,
) -> None:
    """Do again what is behind the settings, and what no run has ended; new files are for `photos ingest`."""
    from photo_assets.refreshing import plan_now
    from photo_assets.refreshing import refresh as refresh_batches

    values = load_settings()
    if plan:
        due, unknown = plan_now(values)
        for line in unknown:
            TOLD.warning(line)
        if as_json:
            print_json([vars(each) for each in due])
        else:
            out.print(due_table(due, values.photo_nightly_batches) if due else "nothing to refresh")
        return
    with progress_bar() as bar:
        done = refresh_batches(values, lambda total: files_task(bar, total))
    _tell_left(done.left)
    if done.orphans:
        out.print(f"{done.orphans} points of no photo deleted", highlight=False)
    out.print(f"{len(done.done)} batches refreshed" if done.done else "nothing to refresh", highlight=False)
    tell_what_failed(done.failed, done.differs, "photos refresh")


app.command()(search)
app.command()(duplicates)
app.command()(backup)
app.command()(restore)


@app.command()
def status(as_json: Json = False) -> None:
    """How many files are where."""
    from photo_assets.at_work import told_left
    from photo_assets.steps.scanning import told_held

    with _ledger() as ledger:
        counts, held, findings = ledger.counts(), ledger.held_roots(), ledger.audit_findings()
        left = _ended_by_hand(ledger.planned_batches())
    if as_json:
        roots = {os.fsdecode(root): reason for root, reason in held.items()}
        print_json(counts | {"held": roots, "ended_by_hand": left, "audit": findings})
        return
    table = Table("what", "count")
    for name, count in counts.items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    out.print(table)
    for root, reason in held.items():
        TOLD.warning(told_held(root, reason))
    if left:
        TOLD.warning(told_left(left))
    for row in findings:
        TOLD.error("audit: %s: %s", row["path"], row["message"])


@library.command()
def confirm_missing(
    root: Annotated[Path, typer.Argument(help="The folder, as PHOTO_LIBRARY or `photos ingest` names it.")],
) -> None:
    """Say that what is missing below a folder is really gone."""
    from resources.library import look

    with _ledger() as ledger:
        missing = look.confirm_missing(ledger, root.resolve())
    later = "the next look takes for missing what is not there"
    out.print(later if missing is None else f"{missing:,} files are missing now", highlight=False)


@library.command()
def move(
    old: Annotated[Path, typer.Argument(help="The folder as it was named so far; it need not be there.")],
    new: Annotated[Path, typer.Argument(help="Where its photos lie now.")],
) -> None:
    """Say that a folder of photos lies elsewhere now; the next look compares, and decodes nothing again."""
    with _ledger() as ledger:
        files = ledger.move_root(bytes(old.absolute()), bytes(new.resolve()))
    out.print(f"{files:,} files; name the new folder in PHOTO_LIBRARY, then `photos ingest`", highlight=False)


@app.command()
def failures(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; the whole library by default.")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Let them be tried again now, quarantined ones too.")] = False,
    as_json: Json = False,
) -> None:
    """The files that yield no photo: why, how often they were tried, and when they are tried again."""
    below = [bytes(path.resolve()) for path in paths or []]
    with _ledger() as ledger:
        due = ledger.retry_now(below) if retry else 0
        rows = ledger.failures(below)
    if as_json:
        print_json(rows)
    elif retry:
        told = f"failed files that are due now: {due}; `photos ingest` or the sensor takes them"
        out.print(told if due else "no failures to try again", highlight=False, soft_wrap=True)
    else:
        out.print(failures_table(rows) if rows else "no failures")


@app.command()
def settings(as_json: Json = False) -> None:
    """Every setting, its value and its meaning."""
    values = load_settings()
    rows = [
        {"variable": name.upper(), "value": str(getattr(values, name)), "meaning": field.description or ""}
        for name, field in Settings.model_fields.items()
    ]
    if as_json:
        print_json(rows)
        return
    table = Table("variable", "value", "meaning")
    for row in rows:
        table.add_row(row["variable"], plain(row["value"]), row["meaning"])
    out.print(table)


@app.command()
def inference(
    host: Annotated[str, typer.Option(help="The address to bind to; PHOTO_INFERENCE_HOST by default.")] = "",
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="The port; PHOTO_INFERENCE_PORT by default.")
    ] = None,
) -> None:
    """Keep the models warm and serve them to other runs, which name this service in INFERENCE_URL."""
    from photo_assets.serving import serve_inference

    values = load_settings()
    bound = values.photo_inference_port if port is None else port
    serve_inference(values, host or values.photo_inference_host, bound)


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to bind to; PHOTO_SERVE_HOST by default.")] = "",
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="The port; PHOTO_SERVE_PORT by default.")] = None,
) -> None:
    """Serve the gallery page and the search API, also while photos are ingested."""
    from photo_assets.serving import serve_search

    values = load_settings()
    serve_search(values, host or values.photo_serve_host, values.photo_serve_port if port is None else port)


@models.command()
def export(
    form: Annotated[Literal["torchscript", "onnx"], typer.Option("--format", help="What the graphs run on.")],
    to: Annotated[Path | None, typer.Option(help="The folder to make; by default the one that is read.")] = None,
    int8: Annotated[bool, typer.Option("--int8", help="ONNX: graphs in int8 where they stay accurate.")] = False,
) -> None:
    """Export the models' graphs, compare them with torch, and put them in place if they agree."""
    if int8 and form != "onnx":
        raise typer.BadParameter("--int8 needs --format onnx")
    from photo_assets.exporting import export_models

    values = load_settings()
    out.print(export_models(values, form, to or values.graphs_folder(form), int8=int8))


@app.command()
def dagster_home() -> None:
    """Make the Dagster instance's folder if absent and print it, for DAGSTER_HOME."""
    from photo_assets.instance import dagster_home as make_home
    from photo_assets.instance import open_instance

    values = load_settings()
    open_instance(values).dispose()  # several processes must not initialise a fresh instance at once
    out.print(str(make_home(values)), highlight=False, soft_wrap=True)


def ingest_with_bar(values: Settings, roots: list[Path]) -> "Ingested":
    """Ingest these folders with a progress bar: photos done, rate, time left."""
    from photo_assets.ingest import ingest as ingest_photos

    with progress_bar() as bar:
        return ingest_photos(values, roots, lambda total: _photos_task(bar, total))


def _roots(named: list[Path] | None, values: Settings) -> list[Path]:
    roots = [root.resolve() for root in named or values.library_roots]
    if not roots:
        raise typer.BadParameter("name a folder with photos, or set PHOTO_LIBRARY")
    return roots


def _photos_task(bar: Progress, total: int) -> Callable[[str, int], None]:
    task = bar.add_task("photos", total=total)
    # Decoding and inference are each half of a photo's way.
    return lambda _, photos: bar.advance(task, photos / 2)


def _ledger() -> Any:
    from photo_assets.definitions import open_resource

    return open_resource(load_settings(), "library").ledger()


def _ended_by_hand(batches: list[str]) -> list[str]:
    from photo_assets.at_work import ended_by_hand
    from photo_assets.instance import open_instance

    if not batches:
        return []
    with open_instance(load_settings()) as instance:
        return ended_by_hand(instance, batches)


def _tell_left(left: Sequence[object]) -> None:
    if left:
        out.print(f"{len(left)} batches are left to the runs of Dagster that are at work on them", highlight=False)


if __name__ == "__main__":
    main()
