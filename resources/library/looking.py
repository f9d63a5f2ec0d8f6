"""What a look at a root tells the ledger: which files are new, changed, settled, back or missing.

Functions over one open transaction; the walk itself is scan.py's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from resources.library.database import set_by_id
from resources.library.scan import FoundFile, Look
from resources.library.schema import files, looks

# A file is taken when its signature is the same on two looks at least this far apart.
SETTLE_S = 1.0

Known = Mapping[bytes, Row[Any]]


@dataclass(frozen=True)
class Seen:
    """What a look found, in files. `settling` includes the new and the changed ones."""

    new: int = 0
    changed: int = 0
    settling: int = 0
    unchanged: int = 0
    missing: int = 0
    ignored: int = 0

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(*(getattr(self, field.name) + getattr(other, field.name) for field in fields(Seen)))


def observe(connection: Connection, look: Look, now: float) -> Seen:
    """Compare a complete look at a root with what is known, and write down the difference."""
    known = _known_files(connection, look.root)
    groups = _sort_out(look.found, known, now)
    _write_new(connection, groups["new"], now)
    _write_changed(connection, groups["changed"], known, now)
    set_by_id(connection, [known[file.path].id for file in groups["settled"]], state="settled")
    set_by_id(connection, [known[file.path].id for file in groups["back"]], present=True)
    missing = _missing(look, known)
    set_by_id(connection, missing, present=False)
    _write_look(connection, look, now)
    return _seen(groups, missing, look)


def _known_files(connection: Connection, root: bytes) -> Known:
    return {row.path: row for row in connection.execute(select(files).where(_below(root)))}


def _below(folder: bytes) -> ColumnElement[bool]:
    """Paths below a folder: "0" is the byte after "/"."""
    return and_(files.c.path > folder + b"/", files.c.path < folder + b"0")


def _sort_out(found: Iterable[FoundFile], known: Known, now: float) -> dict[str, list[FoundFile]]:
    names = ("new", "changed", "settling", "settled", "unchanged", "back")
    groups: dict[str, list[FoundFile]] = {name: [] for name in names}
    for file in found:
        row = known.get(file.path)
        groups[_verdict(file, row, now)].append(file)
        if row is not None and not row.present:
            groups["back"].append(file)
    return groups


def _verdict(file: FoundFile, row: Row[Any] | None, now: float) -> str:
    if row is None:
        return "new"
    returned_unread = not row.present and row.error_kind is not None
    if row.signature != file.signature or returned_unread:
        return "changed"
    if row.state == "settling":
        return "settled" if now - row.seen_at >= SETTLE_S else "settling"
    return "unchanged"


def _missing(look: Look, known: Known) -> list[int]:
    """Ids of the known files the look did not see; those below a folder that could not be listed are not missed."""
    found = {file.path for file in look.found}
    unlisted = tuple(folder + b"/" for folder in look.unreadable)
    return [
        row.id for path, row in known.items() if row.present and path not in found and not path.startswith(unlisted)
    ]


def _write_new(connection: Connection, new: Sequence[FoundFile], now: float) -> None:
    if new:
        rows = [_stat(file) | _first_seen(file) | {"seen_at": now} for file in new]
        connection.execute(insert(files), rows)


def _first_seen(file: FoundFile) -> dict[str, Any]:
    display = file.path.decode("utf-8", "backslashreplace")
    return {"path": file.path, "display": display, "state": "settling", "present": True}


def _write_changed(connection: Connection, changed: Sequence[FoundFile], known: Known, now: float) -> None:
    if changed:
        statement = update(files).where(files.c.id == bindparam("known_id"))
        rows = [_stat(file) | {"known_id": known[file.path].id, "seen_at": now} for file in changed]
        connection.execute(statement.values(state="settling", error_kind=None, error_message=None), rows)


def _stat(file: FoundFile) -> dict[str, Any]:
    return {"signature": file.signature, "size_bytes": file.size_bytes, "mtime_ns": file.mtime_ns}


def _write_look(connection: Connection, look: Look, now: float) -> None:
    values = {"looked_at": now, "ignored": look.ignored}
    statement = upsert(looks).values(root=look.root, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=[looks.c.root], set_=values))


def _seen(groups: Mapping[str, Sequence[FoundFile]], missing: Sequence[int], look: Look) -> Seen:
    return Seen(
        new=len(groups["new"]),
        changed=len(groups["changed"]),
        settling=len(groups["settling"]) + len(groups["new"]) + len(groups["changed"]),
        unchanged=len(groups["unchanged"]),
        missing=len(missing),
        ignored=look.ignored,
    )
