"""What the ledger tells a person: how many files are where, and what failed and why.

Functions over one open transaction; they only read.
"""

from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from resources.library.schema import batches, files, looks, photos

FILES_AND_PHOTOS = files.outerjoin(photos, files.c.photo_id == photos.c.photo_id)
IS_DONE = and_(files.c.present, files.c.state == "done")
HAS_FAILED = and_(IS_DONE, or_(files.c.error_kind.is_not(None), photos.c.status == "failed"))
IS_OK = and_(IS_DONE, photos.c.status == "ok")


def counts(connection: Connection) -> dict[str, int]:
    """files = ok + failed + duplicates + pending; a duplicate is a further path of an ok photo; photos = ok."""
    total, failed, holding = (_count(connection, which) for which in (files.c.present, HAS_FAILED, IS_OK))
    distinct = select(func.count(func.distinct(files.c.photo_id))).select_from(FILES_AND_PHOTOS).where(IS_OK)
    ok = connection.scalar(distinct) or 0
    return {
        "files": total,
        "ok": ok,
        "failed": failed,
        "duplicates": holding - ok,
        "pending": total - failed - holding,
        "photos": ok,
        "ignored": _ignored(connection),
        "missing": _count(connection, ~files.c.present),
        "batches_planned": connection.scalar(select(func.count()).where(batches.c.state == "planned")) or 0,
    }


def failures(connection: Connection) -> list[dict[str, Any]]:
    """Every present file that yields no photo: path, error_kind, error_message, attempts, batch; in path order."""
    kind = func.coalesce(files.c.error_kind, photos.c.error_kind).label("error_kind")
    message = func.coalesce(files.c.error_message, photos.c.error_message).label("error_message")
    statement = (
        select(files.c.display.label("path"), kind, message, photos.c.attempts, files.c.batch)
        .select_from(FILES_AND_PHOTOS)
        .where(HAS_FAILED)
        .order_by(files.c.path)
    )
    return [dict(row._mapping) for row in connection.execute(statement)]


def ok_photo_ids(connection: Connection) -> set[str]:
    """The photos that the collection must hold."""
    return set(connection.scalars(select(photos.c.photo_id).where(photos.c.status == "ok")))


def _ignored(connection: Connection) -> int:
    """Entries that are no photos; a root inside another root is not counted twice."""
    by_root = {row.root.rstrip(b"/") + b"/": row.ignored for row in connection.execute(select(looks))}
    return sum(
        ignored
        for root, ignored in by_root.items()
        if not any(root.startswith(other) for other in by_root if other != root)
    )


def _count(connection: Connection, condition: Any) -> int:
    return connection.scalar(select(func.count()).select_from(FILES_AND_PHOTOS).where(condition)) or 0
