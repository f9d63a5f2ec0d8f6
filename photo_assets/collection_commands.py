"""`photos collection ...`: what a person does to the collection as a whole.

Arguments in, words out, as in cli.py, which adds this group. What the commands do stands elsewhere (versioning.py,
steps/, the rooms).
"""

from pathlib import Path
from typing import Annotated

import typer

from photo_assets.logs import tell_what_failed
from photo_assets.settings import load_settings
from photo_assets.terminal import (
    differences_table,
    files_task,
    out,
    plain,
    print_json,
    progress_bar,
    versions_table,
)

collection = typer.Typer(help="The collection that is searched, and its versions.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Version = Annotated[str, typer.Argument(help="A version's name, or a part that only its name has.")]


@collection.command("list")
def list_versions(as_json: Json = False) -> None:
    """The versions: which model made each, what it holds, which is searched, and what becomes of the others."""
    from photo_assets.versioning import open_versions

    with open_versions(load_settings()) as versions:
        rows = versions.listed()
    if as_json:
        print_json([vars(row) for row in rows])
    else:
        out.print(versions_table(rows) if rows else "the collection is empty; run `photos ingest` first")


@collection.command()
def compare(
    old: Annotated[str, typer.Argument(help="The searched version by default; a part of the name will do.")] = "",
    new: Annotated[str, typer.Argument(help="The version of the settings' model by default.")] = "",
    html: Annotated[Path | None, typer.Option(help="Also write the hits of both as a page with thumbnails.")] = None,
    as_json: Json = False,
) -> None:
    """Compare two versions: what they hold, and what they answer to the queries of PHOTO_COMPARISON_QUERIES."""
    from rich.markdown import Markdown

    from photo_assets.comparison_report import comparison_shown
    from photo_assets.versioning import as_plain_data, open_versions

    with open_versions(load_settings()) as versions:
        found = versions.compare(old, new)
        if html:
            versions.write_page(found, html)
    if as_json:
        print_json(as_plain_data(found))
    else:
        out.print(Markdown(comparison_shown(found)))


@collection.command()
def switch(
    version: Version,
    force: Annotated[bool, typer.Option("--force", help="Even if it does not hold every photo.")] = False,
) -> None:
    """Search this version from now on; the one that was searched stays, and `rollback` goes back to it."""
    from photo_assets.versioning import open_versions

    with open_versions(load_settings()) as versions:
        _tell(versions.switch(version, force=force))


@collection.command()
def rollback() -> None:
    """Search the version again that was searched before, at once, and complete it."""
    from photo_assets.versioning import open_versions

    with open_versions(load_settings()) as versions:
        _tell(versions.rollback())


@collection.command()
def drop(version: Version) -> None:
    """Delete a version that is not needed any more, neither the searched one nor that of the settings' model."""
    from photo_assets.versioning import open_versions

    with open_versions(load_settings()) as versions:
        _tell(versions.drop(version))


@collection.command()
def repair(
    plan: Annotated[bool, typer.Option("--plan", help="Only show what differs.")] = False,
    vectors: Annotated[bool, typer.Option("--vectors", help="Compare vectors too, with the tables' own.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Delete points of no photo however many they are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --plan: all ids, as JSON.")] = False,
) -> None:
    """Let points be what ledger and tables say: write missing and changed ones again, delete those of no photo.

    Nothing is decoded or inferred.
    """
    from photo_assets.refreshing import repair as repair_now
    from photo_assets.repairing import find_wrong

    values = load_settings()
    if plan:
        wrong = find_wrong(values, vectors=vectors)
        if as_json:
            print_json([vars(found) for found in wrong.versions])
        else:
            out.print(differences_table(wrong.versions))
        return
    with progress_bar() as bar:
        done = repair_now(values, lambda total: files_task(bar, total), force=force, vectors=vectors)
    out.print(differences_table(done.wrong.versions))
    _tell(f"{done.orphans} points of no photo deleted, {len(done.done)} batches written again")
    tell_what_failed(done.failed, done.differs, "photos collection repair")


@collection.command()
def snapshot(
    to: Annotated[Path | None, typer.Option(help="The folder; PHOTO_SNAPSHOTS by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Even if it is not what ledger and tables say.")] = False,
) -> None:
    """Save the searched version as one file, proven by restoring it beside the collection and comparing every point."""
    from photo_assets.moving import snapshot as take_snapshot

    taken = take_snapshot(load_settings(), to and to.resolve(), force=force)
    _tell(f"{taken.path}: {taken.points:,} points, {taken.size_bytes / 1e6:,.1f} MB, restored and compared")


@collection.command()
def restore(
    archive: Annotated[Path, typer.Argument(metavar="FILE", help="A snapshot, named as it was made.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the points that are there.")] = False,
) -> None:
    """Bring a snapshot back, and say what has changed in the library since it was taken."""
    from photo_assets.moving import restore as restore_now
    from photo_assets.repairing import find_wrong

    values = load_settings()
    version = restore_now(values, archive.resolve(), force=force)
    _tell(f"{version} is as it was saved")
    found = [each for each in find_wrong(values).versions if each.version == version]
    if any(each.remedy() for each in found):
        out.print(differences_table(found))
        _tell(found[0].remedy())


@collection.command()
def push(
    to: Annotated[str, typer.Option(metavar="URL", help="The Qdrant server; its key is QDRANT_API_KEY.")],
    force: Annotated[bool, typer.Option("--force", help="Delete what only the server has of this version.")] = False,
) -> None:
    """Move the searched version of the embedded collection to a server; asked again, it goes on where it was."""
    from photo_assets.moving import push_to

    with progress_bar() as bar:
        task = bar.add_task("points", total=None)
        version, pushed = push_to(load_settings(), to, lambda points: bar.advance(task, points), force=force)
    _tell(f"{version}: {pushed.points:,} points are at {to}, {pushed.written:,} of them sent now; it is searched there")
    _tell(f"set QDRANT_URL={to} to use it from now on; the embedded collection stays as it is")


def _tell(text: str) -> None:
    out.print(plain(text), highlight=False, soft_wrap=True)
