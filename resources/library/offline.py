"""Photos that no file holds now: offline at once, removed from the collection after a while, and back when one returns.

Functions over one open transaction; what the collection is told meanwhile stands in photo_assets/steps/following.py. A
removed photo keeps its tables' rows and its preview, so its batch writes its point again without any other work.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, and_, exists, func, select, update

from resources.library.database import chunks
from resources.library.path_changes import note_photos
from resources.library.schema import batches, files, photos
from resources.library.tokens import tokens_by_batch

_HELD = exists().where(files.c.photo_id == photos.c.photo_id, files.c.present).correlate(photos)
# The time is named so that SQLite uses its index.
_REMOVED = and_(photos.c.status == "removed", photos.c.removed_at.is_not(None))


def write_presence(connection: Connection, paths: Mapping[str, Sequence[str]], now: float) -> None:
    """Write down of each photo, with the paths of its present files, since when it is offline, if it is."""
    for chunk in chunks([photo_id for photo_id, held_by in paths.items() if held_by]):
        connection.execute(update(photos).where(photos.c.photo_id.in_(chunk)).values(offline_since=None))
    for chunk in chunks([photo_id for photo_id, held_by in paths.items() if not held_by]):
        newly = update(photos).where(photos.c.photo_id.in_(chunk), photos.c.offline_since.is_(None))
        connection.execute(newly.values(offline_since=now))


def note_unheld(connection: Connection, batch: str, now: float) -> None:
    """Note the batch's photos whose last file was gone before the batch was done."""
    mine = select(photos.c.photo_id).where(photos.c.batch == batch, photos.c.status == "ok")
    note_photos(connection, connection.scalars(mine.where(photos.c.offline_since.is_(None), ~_HELD)).all(), now)


def offline_before(connection: Connection, before: float, most: int) -> list[str]:
    """Up to `most` photos with points that have been offline since `before` or longer, the longest first."""
    long_gone = select(photos.c.photo_id).where(photos.c.offline_since <= before, photos.c.status == "ok", ~_HELD)
    return list(connection.scalars(long_gone.order_by(photos.c.offline_since, photos.c.photo_id).limit(most)))


def remove(connection: Connection, photo_ids: Collection[str], now: float) -> int:
    """Write down of these photos that they have no points any more, and return of how many that is news."""
    removed = 0
    for chunk in chunks(sorted(photo_ids)):
        ok = update(photos).where(photos.c.photo_id.in_(chunk), photos.c.status == "ok")
        removed += connection.execute(ok.values(status="removed", removed_at=now)).rowcount
    return removed


def removed_of(connection: Connection, photo_ids: Iterable[str]) -> set[str]:
    """Those of the photos that are removed."""
    return {
        photo_id
        for chunk in chunks(sorted(photo_ids))
        for photo_id in connection.scalars(select(photos.c.photo_id).where(photos.c.photo_id.in_(chunk), _REMOVED))
    }


def removed_since(connection: Connection, since: float) -> int:
    """How many photos were removed at `since` or later, and are not back."""
    return connection.scalar(select(func.count()).where(_REMOVED, photos.c.removed_at >= since)) or 0


def pointless(connection: Connection, photo_ids: Iterable[str]) -> list[str]:
    """Those of the photos that have no point by right: given up, or failed now."""
    ids = sorted(photo_ids)
    kept = {
        photo_id
        for chunk in chunks(ids)
        for photo_id in connection.scalars(
            select(photos.c.photo_id).where(photos.c.photo_id.in_(chunk), photos.c.status != "failed")
        )
    }
    return [photo_id for photo_id in ids if photo_id not in kept]


def batches_to_rewrite(connection: Connection) -> dict[str, str]:
    """The done batches that own removed photos which a file holds again, each with a token of which and since when."""
    statement = (
        select(photos.c.batch, photos.c.photo_id, photos.c.removed_at)
        .join(batches, batches.c.key == photos.c.batch)
        .where(_REMOVED, batches.c.state == "done", _HELD)
        .order_by(photos.c.batch, photos.c.photo_id)
    )
    return tokens_by_batch(connection.execute(statement))
