"""What a look at a root tells the ledger: which files are new, changed, settled, back or missing.

Functions over one open transaction; the walk itself is scan.py's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from resources.library.database import below, chunks, set_by_id
from resources.library.scan import FoundFile, Look
from resources.library.schema import files, looks
from resources.library.sidecars import forget_applied, observe_sidecars

# A file is taken when its signature is the same on two looks at least this far apart.
SETTLE_S = 1.0

# Rows in memory at a time: a library may have a million files.
FETCHED_ROWS = 10_000


@dataclass(frozen=True)
class Seen:
    """What a look found, in files. `settling` includes new and changed ones; `sidecars`, those new, changed or gone."""

    new: int = 0
    changed: int = 0
    settling: int = 0
    unchanged: int = 0
    missing: int = 0
    ignored: int = 0
    sidecars: int = 0

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Seen)))


@dataclass
class _Difference:
    """What is to be written down after a look, and how many files there is nothing to write about."""

    new: list[FoundFile] = field(default_factory=list)
    changed: list[tuple[int, FoundFile]] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    back: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    settling: int = 0
    unchanged: int = 0


def observe(connection: Connection, look: Look, began_at: float, now: float) -> Seen:
    """Compare a complete look at a root with what is known, and write down the difference.

    A file rests when this look began at least SETTLE_S after an earlier one, with the same signature, was over.
    """
    difference = _compare(look, _known_files(connection, look.root), began_at)
    _write_new(connection, difference.new, now)
    _write_changed(connection, difference.changed, now)
    set_by_id(connection, difference.settled, state="settled")
    set_by_id(connection, difference.back, present=True)
    set_by_id(connection, difference.missing, present=False)
    forget_applied(connection, [known_id for known_id, _ in difference.changed])
    _write_look(connection, look, now)
    return _seen(difference, look, observe_sidecars(connection, look))


def _known_files(connection: Connection, root: bytes) -> Iterable[Row[Any]]:
    columns = (files.c.id, files.c.path, files.c.signature, files.c.state, files.c.present, files.c.seen_at)
    statement = select(*columns, files.c.error_kind).where(below(root))
    return connection.execute(statement.execution_options(yield_per=FETCHED_ROWS))


def _compare(look: Look, known: Iterable[Row[Any]], began_at: float) -> _Difference:
    difference = _Difference()
    unlisted = tuple(path + b"/" for path in look.unreadable)
    unknown = {file.path: file for file in look.found}
    for row in known:
        file = unknown.pop(row.path, None)
        if file is not None:
            _judge(difference, file, row, began_at)
        # What lies below a folder that could not be listed is not missed.
        elif row.present and not (row.path + b"/").startswith(unlisted):
            difference.missing.append(row.id)
    difference.new = list(unknown.values())
    return difference


def _judge(difference: _Difference, file: FoundFile, row: Row[Any], began_at: float) -> None:
    if not row.present:
        difference.back.append(row.id)
    returned_unread = not row.present and row.error_kind is not None
    if row.signature != file.signature or returned_unread:
        difference.changed.append((row.id, file))
    elif row.state != "settling":
        difference.unchanged += 1
    elif began_at - row.seen_at >= SETTLE_S:
        difference.settled.append(row.id)
    else:
        difference.settling += 1


def _write_new(connection: Connection, new: Sequence[FoundFile], now: float) -> None:
    for chunk in chunks(new):
        connection.execute(insert(files), [_stat(file) | _first_seen(file) | {"seen_at": now} for file in chunk])


def _first_seen(file: FoundFile) -> dict[str, Any]:
    display = file.path.decode("utf-8", "backslashreplace")
    return {"path": file.path, "display": display, "state": "settling", "present": True}


def _write_changed(connection: Connection, changed: Sequence[tuple[int, FoundFile]], now: float) -> None:
    statement = update(files).where(files.c.id == bindparam("known_id"))
    for chunk in chunks(changed):
        rows = [_stat(file) | {"known_id": known_id, "seen_at": now} for known_id, file in chunk]
        connection.execute(statement.values(state="settling", error_kind=None, error_message=None), rows)


def _stat(file: FoundFile) -> dict[str, Any]:
    return {"signature": file.signature, "size_bytes": file.size_bytes, "mtime_ns": file.mtime_ns}


def _write_look(connection: Connection, look: Look, now: float) -> None:
    values = {"looked_at": now, "ignored": look.ignored}
    statement = upsert(looks).values(root=look.root, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[looks.c.root], set_=values))


def _seen(difference: _Difference, look: Look, sidecars: int) -> Seen:
    new, changed = len(difference.new), len(difference.changed)
    return Seen(
        new=new,
        changed=changed,
        settling=difference.settling + new + changed,
        unchanged=difference.unchanged,
        missing=len(difference.missing),
        ignored=look.ignored,
        sidecars=sidecars,
    )
