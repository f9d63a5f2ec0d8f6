"""Which photos' paths have changed since the collection was told.

Functions over one open transaction: a change is written down in the transaction that makes it, and taken off once the
collection has it, unless there was another meanwhile. So a kill between the two costs a repetition and loses nothing.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, and_, bindparam, delete, func, select

from resources.library.database import chunks, upsert
from resources.library.schema import files, path_changes, photos


def note_files(connection: Connection, file_ids: Iterable[int], now: float) -> None:
    """Note that these files came, went or moved: the paths of the photos they hold have changed."""
    for chunk in chunks(sorted(file_ids)):
        holding = select(files.c.photo_id).where(files.c.id.in_(chunk), files.c.photo_id.is_not(None)).distinct()
        note_photos(connection, connection.scalars(holding).all(), now)


def note_photos(connection: Connection, photo_ids: Iterable[str], now: float) -> None:
    """Note that the paths of these photos have changed."""
    rows = [{"photo_id": photo_id, "changed_at": now} for photo_id in sorted(photo_ids)]
    if rows:
        statement = upsert(connection, path_changes)
        newer = {"changed_at": statement.excluded.changed_at}
        connection.execute(statement.on_conflict_do_update(index_elements=[path_changes.c.photo_id], set_=newer), rows)


def changes(connection: Connection, most: int | None) -> dict[str, float]:
    """The photos, or up to `most`, whose paths the collection does not have yet: when each changed, oldest first.

    A photo whose batch is under way waits for its end: the batch may have read the paths before the change.
    """
    columns = (path_changes.c.photo_id, path_changes.c.changed_at)
    told = path_changes.outerjoin(photos, photos.c.photo_id == path_changes.c.photo_id)
    is_claimed = func.coalesce(photos.c.status, "") == "claimed"
    oldest_first = select(*columns).select_from(told).where(~is_claimed).order_by(path_changes.c.changed_at, columns[0])
    return {row.photo_id: row.changed_at for row in connection.execute(oldest_first.limit(most))}


def settle(connection: Connection, told: Mapping[str, float]) -> None:
    """Take these changes off, now that the collection has them; one that was noted again meanwhile stays."""
    rows = [{"told_id": photo_id, "told_at": changed_at} for photo_id, changed_at in told.items()]
    same = and_(path_changes.c.photo_id == bindparam("told_id"), path_changes.c.changed_at == bindparam("told_at"))
    if rows:
        connection.execute(delete(path_changes).where(same), rows)
