"""The commands `photos backup` and `photos restore`: arguments in, words out.

What they do stands in backing_up.py and restoring.py.
"""

from pathlib import Path
from typing import Annotated

import typer

from photo_assets.settings import load_settings
from photo_assets.terminal import out, plain


def backup(
    to: Annotated[Path, typer.Option(help="The folder with the backups; made if absent, best on another disk.")],
    without_previews: Annotated[
        bool, typer.Option("--without-previews", help="Leave out previews and thumbnails; originals make them again.")
    ] = False,
    keep: Annotated[int, typer.Option(min=0, help="Remove all but the latest so many; 0 keeps all.")] = 0,
) -> None:
    """Save all state but the originals: ledger, tables, previews and collection. Only what is new is copied."""
    from photo_assets.backing_up import back_up

    made = back_up(load_settings(), to.resolve(), with_previews=not without_previews, keep=keep)
    copied = f"copied {made.copied:,}, {made.copied_bytes / 1e6:,.1f} MB"
    told = f"{made.files:,} files, {made.size_bytes / 1e6:,.1f} MB; {copied}"
    out.print(f"{plain(str(made.manifest))}: {told}", highlight=False, soft_wrap=True)


def restore(
    where: Annotated[
        Path, typer.Argument(metavar="FROM", help="The folder with the backups, or one in its `backups`.")
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace the state that is there.")] = False,
    only_check: Annotated[bool, typer.Option("--check", help="Read all of it and compare; restore nothing.")] = False,
) -> None:
    """Bring a backup back into PHOTO_DATA, the newest one of a folder."""
    from photo_assets import restoring

    if only_check:
        checked = restoring.check(where.resolve())
        out.print(f"{checked.files:,} files of {checked.made_at} are as they were saved", highlight=False)
        return
    restored = restoring.restore(load_settings(), where.resolve(), force=force)
    out.print(f"{restored.files:,} files of {restored.made_at} restored", highlight=False)
    for name, value in restored.changed.items():
        out.print(plain(f"{name.upper()} was {value!r} then"), highlight=False, soft_wrap=True)
