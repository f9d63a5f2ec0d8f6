"""What the ledger tells a person: how many files are where, and what failed and why.

Functions over one open transaction; they only read.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, case, func, or_, select

from resources.library.claiming import IS_UNENDED
from resources.library.database import chunks
from resources.library.retries import PASSING_KINDS, at_or_below, is_set_apart
from resources.library.schema import batches, files, kills, looks, photos

FILES_AND_PHOTOS = files.outerjoin(photos, files.c.photo_id == photos.c.photo_id)
IS_DONE = and_(files.c.present, files.c.state == "done")
HAS_FAILED = and_(IS_DONE, or_(files.c.error_kind.is_not(None), photos.c.status == "failed"))
_OF_FAILURES = ("error_kind", "error_message", "attempts", "next_try_at")
IS_OK = and_(IS_DONE, photos.c.status == "ok")


def counts(connection: Connection) -> dict[str, int]:
    """files = ok + failed + duplicates + pending; a duplicate is a further path of an ok photo; photos = ok.

    `missing` are files that are gone, `offline` photos that no file holds, `removed` those that have no point any more.
    """
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
        "offline": _photos(connection, photos.c.status == "ok", photos.c.offline_since.is_not(None)),
        "removed": _photos(connection, photos.c.status == "removed", photos.c.removed_at.is_not(None)),
        "batches_planned": connection.scalar(select(func.count()).select_from(batches).where(IS_UNENDED)) or 0,
    }


def failures(connection: Connection, paths: Sequence[bytes]) -> list[dict[str, Any]]:
    """Every present file that yields no photo, or those at or below the paths, in path order.

    path, error_kind, error_message, attempts, batch, next_try_at (ISO 8601 in UTC, or None), and next_try, which says
    for a person what another try waits for.
    """
    of_file = files.c.error_kind.is_not(None)
    columns = [case((of_file, files.c[name]), else_=photos.c[name]).label(name) for name in _OF_FAILURES]
    statement = select(files.c.display.label("path"), *columns, files.c.batch, kills.c.times.label("kills"))
    failed = statement.select_from(FILES_AND_PHOTOS.outerjoin(kills, kills.c.photo_id == files.c.photo_id))
    rows = connection.execute(failed.where(HAS_FAILED, at_or_below(paths)).order_by(files.c.path))
    return [_failure(row._asdict()) for row in rows]


def files_holding(connection: Connection, photo_id: str) -> list[tuple[bytes, str]]:
    """Path and signature of each present file that holds the photo, in path order."""
    holding = select(files.c.path, files.c.signature).where(files.c.photo_id == photo_id, files.c.present)
    return [(row.path, row.signature) for row in connection.execute(holding.order_by(files.c.path))]


def ok_photo_ids(connection: Connection) -> set[str]:
    """The photos that the collection must hold."""
    return set(connection.scalars(select(photos.c.photo_id).where(photos.c.status == "ok")))


def ok_photos(connection: Connection) -> dict[str, str]:
    """The photos that the collection must hold, each with the batch whose tables say what."""
    statement = select(photos.c.photo_id, photos.c.batch).where(photos.c.status == "ok")
    return {row.photo_id: row.batch for row in connection.execute(statement)}


def claimed_of(connection: Connection, photo_ids: Iterable[str]) -> set[str]:
    """Those of the photos that a batch is bringing: they may have a point already."""
    claimed = select(photos.c.photo_id).where(photos.c.status == "claimed")
    return {
        photo_id
        for chunk in chunks(sorted(photo_ids))
        for photo_id in connection.scalars(claimed.where(photos.c.photo_id.in_(chunk)))
    }


def _failure(row: dict[str, Any]) -> dict[str, Any]:
    at = None if row["next_try_at"] is None else datetime.fromtimestamp(row["next_try_at"], UTC)
    is_apart = is_set_apart(row["error_kind"], row.pop("kills"))
    next_try = f"{at.astimezone():%Y-%m-%d %H:%M}" if at else _next_try(row["error_kind"], is_apart=is_apart)
    told = {"next_try_at": at and at.isoformat(timespec="seconds"), "next_try": next_try}
    return row | told | {"attempts": row["attempts"] or 0}  # ledgers of an earlier version counted no files


def _next_try(kind: str, *, is_apart: bool) -> str:
    if is_apart:
        return "quarantined: with another decoder or --retry"
    if kind in PASSING_KINDS:
        return "given up: with another decoder or --retry"
    return "when the file or the decoder changes"


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


def _photos(connection: Connection, *conditions: Any) -> int:
    return connection.scalar(select(func.count()).select_from(photos).where(*conditions)) or 0
