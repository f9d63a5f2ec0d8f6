"""What a complete look concludes from the files that it did not see: moved, missing, or held back.

Functions over one open transaction. That a file was not seen is only noted while the look is under way; at its end a
file that was renamed is known by its inode, size and modification time, and the rest are missing, unless so much speaks
for an unmounted disk that a person must say so first.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from resources.library.database import below, chunks, set_by_id, upsert
from resources.library.path_changes import note_files
from resources.library.scan import moved_signature
from resources.library.schema import absences, files, sidecars

# Of a root's known files; more missing at once than this looks like a disk that is not there.
MOST_MISSING = 0.2


@dataclass(frozen=True)
class Absent:
    """What came of the files that a look did not see; `held` says why those missing are not taken for gone."""

    moved: int
    missing: int
    held: str | None


def note_absent(connection: Connection, root: bytes, file_ids: Sequence[int]) -> None:
    """Note that the look under way did not see these known files."""
    for chunk in chunks(file_ids):
        rows = [{"root": root, "file_id": file_id} for file_id in chunk]
        connection.execute(upsert(connection, absences).on_conflict_do_nothing(), rows)


def forget_absent(connection: Connection, root: bytes) -> None:
    """Begin anew: what an earlier look missed is another look's word."""
    connection.execute(delete(absences).where(absences.c.root == root))


def take_for_missing(connection: Connection, file_ids: Sequence[int], now: float) -> None:
    """Take these files for missing, and note that the paths of their photos have changed."""
    set_by_id(connection, file_ids, present=False)
    note_files(connection, file_ids, now)


def conclude(
    connection: Connection, root: bytes, began_at: float, now: float, *, doubt: str | None, confirmed: bool
) -> Absent:
    """Follow the files that moved and take the others for missing.

    `doubt` is what else speaks against it, such as another file system; `confirmed` overrules that and the guard.
    """
    known = connection.scalar(select(func.count()).where(below(root), files.c.present)) or 0
    absent = _absent(connection, root)
    moved = _follow_moved(connection, root, absent, began_at, now)
    missing = [row.id for row in absent if row.id not in moved]
    held = None if confirmed or not missing else doubt or _too_many(len(missing), known - len(moved))
    if held is None:
        take_for_missing(connection, missing, now)
    forget_absent(connection, root)
    return Absent(len(moved), len(missing), held)


def _absent(connection: Connection, root: bytes) -> Sequence[Any]:
    columns = (files.c.id, files.c.path, files.c.signature, files.c.state, files.c.photo_id)
    statement = select(*columns).select_from(absences.join(files, files.c.id == absences.c.file_id))
    return connection.execute(statement.where(absences.c.root == root, files.c.present)).all()


def _too_many(missing: int, known: int) -> str | None:
    share = missing / known if known else 1.0
    if share <= MOST_MISSING:
        return None
    return f"{missing:,} of {known:,} files ({share:.0%}) are missing at once"


def _follow_moved(
    connection: Connection, root: bytes, absent: Iterable[Row[Any]], began_at: float, now: float
) -> Mapping[int, Row[Any]]:
    """Give the row of each file that moved its new path; the rows that went over, by id.

    Only files whose photo is known: the others' new rows wait for their batch like any.
    """
    places = {moved_signature(row.signature): row for row in absent if row.state == "done" and row.photo_id}
    moved = {}
    for new in _came_with(connection, began_at) if places else ():
        old = places.get(moved_signature(new.signature))
        if old is not None and _is_surely_same(old.path, new):
            del places[moved_signature(new.signature)]
            moved[old.id] = new
    _give_paths(connection, moved)
    note_files(connection, moved, now)
    return moved


def _is_surely_same(old_path: bytes, new: Row[Any]) -> bool:
    """Whether what was there is here now, as far as can be said of two paths with one inode, size and time.

    A new file may have a deleted one's inode. Frames of a burst have one size, and from a card one modification time,
    in whole seconds: under another name such a file is read before it is taken for the one that is gone.
    """
    has_kept_its_name = os.path.basename(old_path) == os.path.basename(new.path)  # noqa: PTH119
    return has_kept_its_name or new.mtime_ns % 1_000_000_000 != 0


def _came_with(connection: Connection, began_at: float) -> Sequence[Row[Any]]:
    """The files that the look saw for the first time, wherever."""
    is_new = (files.c.state == "settling", files.c.seen_at >= began_at, files.c.photo_id.is_(None))
    return connection.execute(select(files).where(*is_new, files.c.present)).all()


def _give_paths(connection: Connection, moved: Mapping[int, Row[Any]]) -> None:
    for chunk in chunks([row.id for row in moved.values()]):
        # The sidecar that lies beside the new place takes the old one's row.
        connection.execute(delete(sidecars).where(sidecars.c.file_id.in_(chunk)))
        connection.execute(delete(files).where(files.c.id.in_(chunk)))
    for known_id, new in moved.items():
        place = {"path": new.path, "display": new.display, "signature": new.signature}
        connection.execute(update(files).where(files.c.id == known_id).values(**place))
