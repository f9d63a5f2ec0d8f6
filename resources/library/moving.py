"""A folder of photos that lies elsewhere now, because a person says so: every known path below it becomes another.

Functions over one open transaction; no file is looked at. Whether the files are really there, and still the same, the
next look sees: one of another signature, as on another disk, is hashed and is the photo it was.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from resources.library.database import below, chunks, set_by_id
from resources.library.errors import NotMovable
from resources.library.path_changes import note_files
from resources.library.schema import absences, files, looks, sidecars

_ROWS_AT_ONCE = 5_000


def move_root(connection: Connection, old: bytes, new: bytes, now: float) -> int:
    """Take what was below `old` for being below `new`; how many files that is. Raises NotMovable.

    What is known below `new` already stays, and its old path is missing.
    """
    old, new = old.rstrip(b"/") + b"/", new.rstrip(b"/") + b"/"
    if old.startswith(new) or new.startswith(old):
        raise NotMovable(old, new, "one lies in the other")
    moved = 0
    for rows in _portions(connection, old):
        places = {row.id: new + row.path.removeprefix(old) for row in rows}
        there = set(connection.scalars(select(files.c.path).where(files.c.path.in_(places.values()))))
        set_by_id(connection, [file_id for file_id, place in places.items() if place in there], present=False)
        _give_places(connection, {file_id: place for file_id, place in places.items() if place not in there})
        _move_sidecars(connection, list(places), old, new)
        note_files(connection, places, now)
        moved += len(places)
    if not moved:
        raise NotMovable(old, new, "nothing is known below the first")
    for table in (looks, absences):
        connection.execute(delete(table).where(or_(table.c.root == old.rstrip(b"/"), table.c.root == old)))
    return moved


def _portions(connection: Connection, old: bytes) -> Iterator[Sequence[Any]]:
    known = select(files.c.id, files.c.path).where(below(old)).order_by(files.c.id).limit(_ROWS_AT_ONCE)
    last = -1
    while rows := connection.execute(known.where(files.c.id > last)).all():
        yield rows
        last = rows[-1].id


def _give_places(connection: Connection, places: dict[int, bytes]) -> None:
    moved = update(files).where(files.c.id == bindparam("known_id"))
    if places:
        rows = [
            {"known_id": file_id, "path": place, "display": place.decode("utf-8", "backslashreplace")}
            for file_id, place in places.items()
        ]
        connection.execute(moved, rows)


def _move_sidecars(connection: Connection, file_ids: list[int], old: bytes, new: bytes) -> None:
    moved = update(sidecars).where(sidecars.c.file_id == bindparam("of"))
    for chunk in chunks(file_ids):
        found = connection.execute(select(sidecars.c.file_id, sidecars.c.path).where(sidecars.c.file_id.in_(chunk)))
        rows = [
            {"of": row.file_id, "path": new + row.path.removeprefix(old)} for row in found if row.path.startswith(old)
        ]
        if rows:
            connection.execute(moved, rows)
