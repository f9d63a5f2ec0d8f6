"""When what failed is tried again: after a while, with another decoder, when a person asks, or not at all.

Functions over one open transaction. What is due is only let go here: its file settles, and the next batch takes it
as it would a new one. A photo is let go by one file, however many copies there are. One that is ok is never let go:
should its caption have failed, only its batch's captions are written again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal_column, or_, select, true, update

from resources.decoding.errors import KILLING_KINDS, RETRYABLE_KINDS, OriginalError, QuarantinedError, leaves_of
from resources.library.database import below, chunks, set_by_id
from resources.library.held import outside_held_roots
from resources.library.quarantine import MAX_KILLS, forget_kills
from resources.library.schema import batches, files, kills, photos
from resources.library.tokens import tokens_by_batch

# The first is for a file that could not be had, which may be a matter of seconds.
WAITS_S = (60.0, 600.0, 3_600.0, 21_600.0, 86_400.0)
MAX_TRIES = 5

# These say something about the moment; any other kind says something about the bytes.
FILE_KINDS = frozenset(error.kind for error in leaves_of(OriginalError))
INFERENCE_KINDS = frozenset({"inference", "no_preview", "undecodable"})
PASSING_KINDS = RETRYABLE_KINDS | INFERENCE_KINDS

NO_FAILURE: dict[str, Any] = {"attempts": 0, "next_try_at": None}

# Written out, because SQLite uses a partial index only where it reads its very condition.
_HAS_FAILED = photos.c.status == literal_column("'failed'")
# Not as equal to done, or SQLite would begin with a million done files instead of the few that failed.
_IS_DONE = files.c.state.not_in(("settling", "settled", "batched"))


def next_try_at(kind: str | None, tries: int, now: float) -> float | None:
    """When to try again what has failed for the `tries`-th time; None where another try would end the same."""
    if kind not in PASSING_KINDS or tries >= MAX_TRIES:
        return None
    return now + WAITS_S[tries - 1 if kind in FILE_KINDS else tries]


def is_due(now: float) -> ColumnElement[bool]:
    """The failed photos that a batch may claim again."""
    return and_(_HAS_FAILED, photos.c.next_try_at <= now)


def is_set_apart(kind: str | None, kills_counted: int | None) -> bool:
    """Say whether a photo that failed so is not tried again because it ended its decoder too often."""
    return kind == QuarantinedError.kind or (kind in KILLING_KINDS and (kills_counted or 0) >= MAX_KILLS)


def at_or_below(paths: Sequence[bytes]) -> ColumnElement[bool]:
    """The files that these paths are or hold; all where there is none."""
    return or_(*(or_(files.c.path == path, below(path)) for path in paths)) if paths else true()


def count_failure(connection: Connection, photo_id: str, status: str, kind: str, now: float) -> dict[str, Any]:
    """What to write of a photo beside the failure of all of it or, where its status is ok, of its caption.

    Nothing where no try was due and it had failed so before: what a done batch tells again is no try.
    """
    row = connection.execute(select(photos).where(photos.c.photo_id == photo_id)).one_or_none()
    if row is None:
        return {}
    was_due = row.next_try_at is not None and row.next_try_at <= now
    if (row.status, row.error_kind) == (status, kind) and not was_due:
        return {}
    tries = row.attempts + 1
    times = connection.scalar(select(kills.c.times).where(kills.c.photo_id == photo_id))
    return {"attempts": tries, "next_try_at": None if is_set_apart(kind, times) else next_try_at(kind, tries, now)}


def count_unread(connection: Connection, which: ColumnElement[bool], kind: str, now: float) -> dict[str, Any]:
    """What to write of the one file that could not be identified, beside the reason."""
    tries = (connection.scalar(select(files.c.attempts).where(which)) or 0) + 1
    return {"attempts": tries, "next_try_at": next_try_at(kind, tries, now)}


def blame(connection: Connection, photo_ids: Iterable[str], decoder: str) -> None:
    """Remember which decoder failed these photos first."""
    for chunk in chunks(sorted(photo_ids)):
        unblamed = update(photos).where(photos.c.photo_id.in_(chunk), photos.c.failed_by.is_(None))
        connection.execute(unblamed.values(failed_by=decoder))


def release_due(connection: Connection, now: float, decoder: str | None) -> int:
    """Let the files go whose next try is due, and a file of each photo that is due or failed by another decoder.

    Return how many that are. Without a `decoder` only time tells.
    """
    if decoder is not None:
        _excuse(connection, now, decoder)
    # What lies on a disk that is away would only use up its tries.
    is_idle = and_(files.c.present, _IS_DONE, outside_held_roots(connection))
    due = [*_unread_files(connection, is_idle, now), *_files_of_photos(connection, is_idle, now)]
    set_by_id(connection, due, state="settled")
    return len(due)


def batches_with_due_captions(connection: Connection, now: float) -> dict[str, str]:
    """The done batches that own photos whose captions are due, each with a token of which and how often they failed."""
    is_due_caption = and_(photos.c.status == "ok", photos.c.next_try_at <= now)
    statement = select(photos.c.batch, photos.c.photo_id, photos.c.attempts).order_by(photos.c.photo_id)
    done = statement.join(batches, batches.c.key == photos.c.batch).where(is_due_caption, batches.c.state == "done")
    return tokens_by_batch(connection.execute(done))


def retry_now(connection: Connection, paths: Sequence[bytes], now: float) -> int:
    """Make every failure at or below the paths due, whatever was concluded of it; all where none is named.

    Return how many files those are.
    """
    chosen = and_(files.c.present, _IS_DONE, at_or_below(paths))
    unread = connection.scalars(select(files.c.id).where(chosen, files.c.error_kind.is_not(None))).all()
    set_by_id(connection, unread, attempts=0, next_try_at=now)
    holding = select(files.c.photo_id).join(photos, photos.c.photo_id == files.c.photo_id).where(chosen)
    # Of a photo that is ok, a caption may have failed.
    has_failed = and_(photos.c.status.in_(("failed", "ok")), photos.c.error_kind.is_not(None))
    held = connection.scalars(holding.where(has_failed)).all()
    forget_kills(connection, set(held))
    for chunk in chunks(sorted(set(held))):
        failed = update(photos).where(photos.c.photo_id.in_(chunk))
        connection.execute(failed.values(attempts=0, next_try_at=now, failed_by=None))
    return len(unread) + len(held)


def _excuse(connection: Connection, now: float, decoder: str) -> None:
    """Make due what another decoder failed, once: should a process with yet another one try it, it was tried."""
    by_another = and_(_HAS_FAILED, photos.c.failed_by != decoder)
    connection.execute(update(photos).where(by_another).values(attempts=0, next_try_at=now, failed_by=decoder))


def _unread_files(connection: Connection, is_idle: ColumnElement[bool], now: float) -> Sequence[int]:
    is_unread = and_(files.c.error_kind.is_not(None), files.c.next_try_at <= now)
    return connection.scalars(select(files.c.id).where(is_idle, is_unread)).all()


def _files_of_photos(connection: Connection, is_idle: ColumnElement[bool], now: float) -> Sequence[int]:
    """One file of each due photo that no file is already on its way for."""
    copies = files.alias()
    waits = select(copies.c.id).where(copies.c.photo_id == files.c.photo_id, copies.c.present)
    on_its_way = waits.where(copies.c.state.in_(("settled", "batched"))).exists()
    first = select(func.min(files.c.id)).where(is_idle, ~on_its_way).group_by(files.c.photo_id)
    due = connection.scalars(select(photos.c.photo_id).where(is_due(now))).all()
    # By their ids, because a join would go through a million files to find the photos of a few.
    return [held for chunk in chunks(due) for held in connection.scalars(first.where(files.c.photo_id.in_(chunk)))]
