"""What a person sees in the terminal: the two consoles, the progress bar, tables and summaries.

Only how things look; what is shown is decided by the commands. File names and captions come from outside and are made
harmless here before they are printed.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table
from rich.text import Text

if TYPE_CHECKING:
    from photo_assets.refresh_plan import Due
    from photo_assets.search.duplicates import Group
    from photo_assets.search.searching import Found
    from photo_assets.steps.truth import Differences
    from photo_assets.versioning import Listed
    from resources.library.looking import Seen

# Characters in a line; in narrower terminals captions and paths would be broken up for less.
WIDE = 120

# Ids in a table; `--json` has all.
SHOWN_IDS = 3

out = Console()
err = Console(stderr=True)


def summary(counts: dict[str, int], failed: list[dict[str, Any]]) -> str:
    """One line, like: 592 files: 431 ok, 12 duplicates, 149 failed (93 corrupt, 56 unsupported)."""
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(row["error_kind"] for row in failed).most_common())
    line = f"{counts['files']} files: {counts['ok']} ok, {counts['duplicates']} duplicates, {counts['failed']} failed"
    pending = f", {counts['pending']} pending" if counts["pending"] else ""
    return line + (f" ({kinds})" if kinds else "") + pending + (", see `photos failures`" if kinds else "")


def whereabouts(seen: "Seen") -> str:
    """What became of files that were known, in a line like `known files: 3 moved, 1 missing`; empty if nothing."""
    counts = {what: getattr(seen, what) for what in ("moved", "missing", "back")}
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return f"known files: {told}" if told else ""


def hits_table(query: str, found: "list[Found]") -> Table:
    """The hits of one query, the best first; when and with what they were taken, where there is room for it."""
    is_wide = out.width >= WIDE
    shot = ("taken", "camera") if is_wide else ()
    table = Table("score", "caption", *shot, Column("photo", overflow="fold"), title=plain(query), title_justify="left")
    for hit in found:
        place = plain(hit.places()[0]) + (" [dim](offline)[/dim]" if hit.offline else "")
        taken = ((hit.taken_at or "")[:16].replace("T", " "), hit.camera or "") if is_wide else ()
        table.add_row(f"{hit.score:.3f}", plain(hit.caption or ""), *map(plain, taken), place)
    return table


def duplicates_table(groups: "list[Group]") -> Table:
    """Each group's copies under each other, the one to keep first."""
    table = Table("kind", "keep", "size", "taken", Column("photo", overflow="fold"))
    for group in groups:
        for number, copy in enumerate([group.keep, *group.others]):
            size = f"{copy.width_px}x{copy.height_px} {copy.format}"
            where = "\n".join(map(plain, copy.paths)) or copy.photo_id
            head = (group.kind, "keep") if number == 0 else ("", "")
            table.add_row(*head, plain(size), plain((copy.taken_at or "")[:16].replace("T", " ")), where)
        table.add_section()
    return table


def failures_table(failed: list[dict[str, Any]]) -> Table:
    """Each failed file, below it the reason and when it is tried again."""
    table = Table("kind", "tries", Column("photo, reason and next try", overflow="fold"))
    for row in failed:
        reason, next_try = plain(row["error_message"] or ""), f"next try: {row['next_try']}"
        table.add_row(row["error_kind"], str(row["attempts"]), f"{plain(row['path'])}\n[dim]{reason}[/dim]\n{next_try}")
    return table


def due_table(due: "Sequence[Due]", nightly: int) -> Table:
    """What a refresh would run and why; batches that are due for the same reasons share a row."""
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Due]] = {}
    for each in due:
        alike.setdefault((each.assets, each.why), []).append(each)
    nights = f"due: {len(due):,} batches; nights that takes at {nightly} a night: {-(-len(due) // nightly):,}"
    table = Table("batches", "files", "assets", Column("why", overflow="fold"), caption=nights, caption_justify="left")
    for (assets, why), batches in alike.items():
        keys = batches[0].batch if len(batches) == 1 else f"{batches[0].batch}\n… {batches[-1].batch}"
        files = sum(each.files for each in batches)
        table.add_row(f"{len(batches):,}\n{keys}", f"{files:,}", "\n".join(assets), plain_lines(why))
    return table


def versions_table(versions: "Sequence[Listed]") -> Table:
    """The versions of the collection, the searched one first."""
    numbers = (Column("photos", justify="right"), Column("missing", justify="right"))
    table = Table(Column("version", overflow="fold"), "model", *numbers, Column("state", overflow="fold"))
    for each in versions:
        model = f"{plain(each.model)}\n[dim]{plain(each.revision[:12])}, {each.dimensions} dimensions[/dim]"
        table.add_row(plain(each.name), model, f"{each.photos:,}", f"{each.missing:,}", plain(each.state))
    return table


def differences_table(found: "Sequence[Differences]") -> Table:
    """What each version differs in from ledger and tables, with the first few ids."""
    kinds = ("missing", "orphans", "stale", "waiting", "untold")
    columns = (Column(name, justify="right") for name in ("photos", "points", *kinds))
    table = Table(Column("version", overflow="fold"), *columns, Column("such as", overflow="fold"))
    for each in found:
        lists = each.by_kind()
        shown = [f"{kind} {photo_id}" for kind, ids in lists.items() for photo_id in ids[:SHOWN_IDS]]
        numbers = (each.photos, each.points, *map(len, lists.values()))
        table.add_row(plain(each.version), *(f"{number:,}" for number in numbers), plain_lines(shown))
    return table


class RateColumn(ProgressColumn):
    """Photos per second, once there is something to tell."""

    def render(self, task: Task) -> Text:
        """The rate over the last half minute."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar with rate and time left, gone when it is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn())
    # A descriptor of its own: while a step runs, Dagster sends descriptors 1 and 2 into its own log.
    with open(os.dup(2), "w") as terminal, Progress(*columns, console=Console(file=terminal), transient=True) as bar:
        yield bar


def files_task(bar: Progress, total: int) -> Callable[[str, int], None]:
    """A bar for so many files; the listener that moves it."""
    task = bar.add_task("files", total=total)
    return lambda _, files: bar.advance(task, files)


def print_json(value: Any) -> None:
    """Print for a program: nothing but JSON."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def plain_lines(texts: Sequence[str]) -> str:
    """Each text made harmless, on a line of its own."""
    return "\n".join(map(plain, texts))


def plain(text: str) -> str:
    """File names and captions come from outside: no markup of theirs, no control characters."""
    return escape("".join(character if character.isprintable() else "�" for character in text))
