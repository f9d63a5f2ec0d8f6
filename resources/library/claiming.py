"""Which photo each file holds, and which batch owns each photo.

Functions over one open transaction. The first batch that claims a photo does its work, so a copy is never decoded or
inferred twice; only a photo that failed and whose next try is due (retries.py) may be claimed again by a later batch.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, and_, delete, select, update

from resources.library.database import chunks, upsert
from resources.library.identity import IdentifiedFile
from resources.library.path_changes import note_photos
from resources.library.retries import NO_FAILURE, count_unread, is_due
from resources.library.schema import batch_members, files, photos


def record_identities(connection: Connection, batch: str, identified: Sequence[IdentifiedFile], now: float) -> set[str]:
    """Remember which photo each file holds; the ids of the photos that this batch is to decode."""
    held_before = _held_by_members(connection, batch)
    for file in identified:
        _write_identity(connection, batch, file, now)
    ids = {file.photo_id for file in identified if file.photo_id}
    if ids:
        _claim(connection, batch, ids, now)
    owned = ids & set(connection.scalars(select(photos.c.photo_id).where(photos.c.batch == batch)))
    _note_paths(connection, held_before, _held_by_members(connection, batch), owned, now)
    return owned


def release_unbrought(connection: Connection, batch: str) -> None:
    """Give up the photos that the batch claimed and did not bring, and let the files that hold them be cut again.

    When a run died after the claim and the file then changed or vanished, a copy elsewhere would wait for ever.
    """
    unbrought = and_(photos.c.batch == batch, photos.c.status == "claimed")
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


def _write_identity(connection: Connection, batch: str, file: IdentifiedFile, now: float) -> None:
    position = batch_members.c.position == file.member.position
    cut_from = select(batch_members.c.file_id).where(batch_members.c.batch == batch, position).scalar_subquery()
    # Only while the file is still what the batch was cut from: the word of a newer look stands.
    is_same = and_(files.c.id == cut_from, files.c.signature == file.member.signature)
    values = {"photo_id": file.photo_id, "error_kind": file.error_kind, "error_message": file.error_message}
    retry = count_unread(connection, is_same, file.error_kind, now) if file.error_kind else NO_FAILURE
    connection.execute(update(files).where(is_same).values(values | retry))


def _claim(connection: Connection, batch: str, ids: Iterable[str], now: float) -> None:
    claim = upsert(connection, photos).on_conflict_do_update(
        index_elements=[photos.c.photo_id],
        set_={"batch": batch, "status": "claimed"},
        where=is_due(now),
    )
    rows = [{"photo_id": photo_id, "batch": batch, "status": "claimed", "attempts": 0} for photo_id in sorted(ids)]
    connection.execute(claim, rows)
