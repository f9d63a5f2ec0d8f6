"""Which photo each file holds, and which batch owns each photo.

Functions over one open transaction. The first batch that claims a photo does its work, so a copy is never decoded or
inferred twice; only a photo that failed and whose next try is due (retries.py) may be claimed again by a later batch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, exists, func, or_, select, update

from resources.library.database import chunks, upsert
from resources.library.identity import IdentifiedFile
from resources.library.path_changes import note_photos
from resources.library.retries import NO_FAILURE, count_unread, is_due
from resources.library.schema import batch_members, batches, files, photos

_HAS_CLAIMED = exists().where(photos.c.batch == batches.c.key, photos.c.status == "claimed").correlate(batches)
# Planned, or done and begun again by runs that have claimed failed photos anew and brought none of them to an end.
IS_UNENDED = or_(batches.c.state == "planned", and_(func.coalesce(batches.c.begun, 0) > 0, _HAS_CLAIMED))


@dataclass(frozen=True)
class Place:
    """A file that holds a photo, as the latest look saw it; `display` is the path for a person to read."""

    path: bytes
    display: str
    mtime_ns: int


def record_identities(connection: Connection, batch: str, identified: Sequence[IdentifiedFile], now: float) -> set[str]:
    """Remember which photo each file holds; the ids of the photos that this batch is to decode."""
    held_before = _held_by_members(connection, batch)
    begun = {"begun": func.coalesce(batches.c.begun, 0) + 1}
    connection.execute(update(batches).where(batches.c.key == batch).values(begun))
    _write_photo_ids(connection, batch, [file for file in identified if file.photo_id])
    for file in identified:
        if not file.photo_id:
            _write_unread(connection, batch, file, now)
    ids = {file.photo_id for file in identified if file.photo_id}
    if ids:
        _claim(connection, batch, ids, now)
    owned = ids & set(connection.scalars(select(photos.c.photo_id).where(photos.c.batch == batch)))
    _note_paths(connection, held_before, _held_by_members(connection, batch), owned, now)
    return owned


def release_unbrought(connection: Connection, batch: str, now: float) -> None:
    """Give up the photos that the batch claimed and did not bring, and let the files that hold them be cut again.

    When a run died after the claim and the file then changed or vanished, a copy elsewhere would wait for ever. The run
    may have written their points, so the collection is told of them too.
    """
    unbrought = and_(photos.c.batch == batch, photos.c.status == "claimed")
    note_photos(connection, connection.scalars(select(photos.c.photo_id).where(unbrought)).all(), now)
    copies = files.c.photo_id.in_(select(photos.c.photo_id).where(unbrought))
    taken = files.c.state.in_(("batched", "done"))
    connection.execute(update(files).where(copies, taken).values(state="settled"))
    connection.execute(delete(photos).where(unbrought))


def paths_of(connection: Connection, photo_ids: Iterable[str]) -> dict[str, list[str]]:
    """The display paths of the present files that hold each photo, in path order."""
    paths: dict[str, list[str]] = {photo_id: [] for photo_id in photo_ids}
    for chunk in chunks(sorted(paths)):
        statement = select(files.c.photo_id, files.c.display).where(files.c.photo_id.in_(chunk), files.c.present)
        for row in connection.execute(statement.order_by(files.c.path)):
            paths[row.photo_id].append(row.display)
    return paths


def places_of(connection: Connection, photo_ids: Iterable[str]) -> dict[str, list[Place]]:
    """Where the present files lie that hold each photo, in path order; photos without any are left out."""
    places: dict[str, list[Place]] = {}
    columns = (files.c.photo_id, files.c.path, files.c.display, files.c.mtime_ns)
    for chunk in chunks(sorted(photo_ids)):
        statement = select(*columns).where(files.c.photo_id.in_(chunk), files.c.present)
        for row in connection.execute(statement.order_by(files.c.path)):
            places.setdefault(row.photo_id, []).append(Place(row.path, row.display, row.mtime_ns))
    return places


def _held_by_members(connection: Connection, batch: str) -> dict[int, str]:
    """The photo that each of the batch's files holds, by the file's id."""
    members = select(batch_members.c.file_id).where(batch_members.c.batch == batch)
    holding = select(files.c.id, files.c.photo_id).where(files.c.id.in_(members), files.c.photo_id.is_not(None))
    return {row.id: row.photo_id for row in connection.execute(holding)}


def _note_paths(
    connection: Connection, before: dict[int, str], after: dict[int, str], owned: set[str], now: float
) -> None:
    """Note the photos that lost a path here or won one; the batch itself writes the paths of those that it owns."""
    other = before.items() ^ after.items()
    note_photos(connection, {photo_id for _, photo_id in other} - owned, now)


def _write_photo_ids(connection: Connection, batch: str, identified: Sequence[IdentifiedFile]) -> None:
    """In one statement for all of them: one for each would cost a server a round trip per photo."""
    same = _still_same(batch, bindparam("cut_at"), bindparam("cut_as"))
    values = {"photo_id": bindparam("holds"), "error_kind": None, "error_message": None} | NO_FAILURE
    rows = [
        {"cut_at": file.member.position, "cut_as": file.member.signature, "holds": file.photo_id} for file in identified
    ]
    if rows:
        connection.execute(update(files).where(same).values(values), rows)


def _write_unread(connection: Connection, batch: str, file: IdentifiedFile, now: float) -> None:
    same = _still_same(batch, file.member.position, file.member.signature)
    retry = count_unread(connection, same, str(file.error_kind), now)
    values = {"photo_id": None, "error_kind": file.error_kind, "error_message": file.error_message}
    connection.execute(update(files).where(same).values(values | retry))


def _still_same(batch: str, position: Any, signature: Any) -> ColumnElement[bool]:
    """The file, only while it is still what the batch was cut from: the word of a newer look stands."""
    is_member = and_(batch_members.c.batch == batch, batch_members.c.position == position)
    cut_from = select(batch_members.c.file_id).where(is_member).scalar_subquery()
    return and_(files.c.id == cut_from, files.c.signature == signature)


def _claim(connection: Connection, batch: str, ids: Iterable[str], now: float) -> None:
    claim = upsert(connection, photos).on_conflict_do_update(
        index_elements=[photos.c.photo_id],
        set_={"batch": batch, "status": "claimed"},
        where=is_due(now),
    )
    rows = [{"photo_id": photo_id, "batch": batch, "status": "claimed", "attempts": 0} for photo_id in sorted(ids)]
    connection.execute(claim, rows)
