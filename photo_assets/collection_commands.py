"""`photos collection ...`: what a person does to the collection as a whole.

Arguments in, words out, as in cli.py, which adds this group. What the commands do stands elsewhere (versioning.py,
steps/, the rooms).
"""

from pathlib import Path
from typing import Annotated

import typer

from photo_assets.settings import load_settings
from photo_assets.terminal import out, plain, print_json, versions_table

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
    """Compare two versions: what they hold, and what they answer to the queries of PHOTO_CANARY_QUERIES."""
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


def _tell(text: str) -> None:
    out.print(plain(text), highlight=False, soft_wrap=True)
