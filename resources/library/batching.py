"""Batches: settled files cut into fixed lists, each done by one run and never changed.

Functions over one open transaction. A changed file simply appears in a later batch.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, bindparam, insert, select, true, update

from resources.library.claiming import IS_UNENDED, release_unbrought
from resources.library.database import chunks, set_by_id
from resources.library.errors import UnknownBatch
from resources.library.identity import Member
from resources.library.offline import note_unheld
from resources.library.path_changes import note_photos
from resources.library.path_index import head
from resources.library.retries import NO_FAILURE, count_failure
from resources.library.schema import batch_members, batches, files, photos

READ_AT_ONCE = 10_000


@dataclass(frozen=True)
class Outcome:
    """How one photo's way through a batch ended; `status` is ok, failed or removed.

    The error of one that is ok is its caption's.
    """

    photo_id: str
    status: str
    error_kind: str | None = None
    error_message: str | None = None


def cut_batches(connection: Connection, size: int, most: int, rest_seen_before: float) -> list[str]:
    """Cut settled files, in path order, into at most `most` planned batches of at most `size`; the keys, in order.

    A rest that fills no batch waits for more until one of its files was first seen before `rest_seen_before`.
    """
    keys: list[str] = []
    for settled in _settled(connection, size, most):
        waits = len(settled) < size and all(row.seen_at >= rest_seen_before for row in settled)
        if waits:
            break
        keys.append(_write_batch(connection, len(keys), settled))
    return keys


def planned_batches(connection: Connection) -> list[str]:
    """The keys of the batches that no run has finished, oldest first."""
    statement = select(batches.c.key).where(IS_UNENDED)
    return list(connection.scalars(statement.order_by(batches.c.created_at)))


def is_done(connection: Connection, batch: str) -> bool:
    """Whether a run has finished the batch."""
    return connection.scalar(select(batches.c.state).where(batches.c.key == batch)) == "done"


def sizes(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """How many files each of these batches has; of an unknown one nothing."""
    found: dict[str, int] = {}
    for chunk in chunks(keys):
        rows = connection.execute(select(batches.c.key, batches.c.size).where(batches.c.key.in_(chunk)))
        found |= {row.key: row.size for row in rows}
    return found


def members(connection: Connection, batch: str) -> list[Member]:
    """The files of a batch, in their fixed order. Raises UnknownBatch."""
    if connection.scalar(select(batches.c.key).where(batches.c.key == batch)) is None:
        raise UnknownBatch(batch)
    statement = select(batch_members).where(batch_members.c.batch == batch)
    rows = connection.execute(statement.order_by(batch_members.c.position))
    return [Member(row.position, row.path, row.signature) for row in rows]


def finish_batch(connection: Connection, batch: str, outcomes: Iterable[Outcome], now: float) -> None:
    """Write how each photo of the batch ended, when it is tried again if it failed, and that the batch is done."""
    ended = list(outcomes)
    note_photos(connection, _failed_with_points(connection, batch, ended), now)
    _write_well_ended(connection, batch, [outcome for outcome in ended if not outcome.error_kind])
    for outcome in ended:
        if outcome.error_kind:
            mine = update(photos).where(photos.c.photo_id == outcome.photo_id, photos.c.batch == batch)
            values = {name: getattr(outcome, name) for name in ("status", "error_kind", "error_message")}
            connection.execute(mine.values(values | _retry(connection, outcome, now)))
    connection.execute(update(batches).where(batches.c.key == batch).values(state="done", begun=0))
    release_unbrought(connection, batch, now)
    note_unheld(connection, batch, now)
    # A file that changed meanwhile is settling again and waits for a later batch.
    cut = update(files).where(files.c.batch == batch, files.c.state == "batched")
    connection.execute(cut.values(state="done"))


def _failed_with_points(connection: Connection, batch: str, ended: Sequence[Outcome]) -> Sequence[str]:
    """Those of the photos that failed now and may have a point: ok so far, or of a run that died before its end."""
    failed = [outcome.photo_id for outcome in ended if outcome.status == "failed"]
    begun = connection.scalar(select(batches.c.begun).where(batches.c.key == batch)) or 0
    may_have = true() if begun > 1 else photos.c.status == "ok"
    mine = select(photos.c.photo_id).where(photos.c.batch == batch, may_have)
    return [
        photo_id
        for chunk in chunks(failed)
        for photo_id in connection.scalars(mine.where(photos.c.photo_id.in_(chunk)))
    ]


def _write_well_ended(connection: Connection, batch: str, outcomes: Sequence[Outcome]) -> None:
    """In one statement for all of them: one for each would cost a server a round trip per photo."""
    mine = update(photos).where(photos.c.photo_id == bindparam("brought"), photos.c.batch == batch)
    values = {"status": bindparam("ended"), "error_kind": None, "error_message": None, "failed_by": None} | NO_FAILURE
    rows = [{"brought": outcome.photo_id, "ended": outcome.status} for outcome in outcomes]
    if rows:
        connection.execute(mine.values(values), rows)


def _retry(connection: Connection, outcome: Outcome, now: float) -> dict[str, Any]:
    if outcome.status in ("ok", "failed"):
        return count_failure(connection, outcome.photo_id, outcome.status, str(outcome.error_kind), now)
    return NO_FAILURE | {"failed_by": None}


def _settled(connection: Connection, size: int, most: int) -> Iterator[Sequence[Any]]:
    """The files that no batch has, in at most `most` lists of `size`, each to be cut before the next is asked for.

    A million may be waiting, so some thousands are read at once; not fewer, because PostgreSQL passes with each reading
    what this transaction has cut before.
    """
    columns = (files.c.id, files.c.path, files.c.signature, files.c.seen_at)
    waiting = select(*columns).where(files.c.state == "settled", files.c.present).order_by(head(files.c.path))
    while most > 0:
        lists = min(most, max(1, READ_AT_ONCE // size))
        rows = connection.execute(waiting.limit(lists * size)).all()
        yield from (rows[start : start + size] for start in range(0, len(rows), size))
        most = most - lists if len(rows) == lists * size else 0


def _write_batch(connection: Connection, number: int, chunk: Sequence[Any]) -> str:
    now = datetime.now(UTC)
    # Short enough for the UI, sortable by time; two cutters in one second differ by the random part.
    key = f"{now:%y%m%d-%H%M%S}-{number:05d}-{uuid4().hex[:4]}"
    row = {"key": key, "created_at": now.timestamp(), "state": "planned", "size": len(chunk)}
    connection.execute(insert(batches), row)
    connection.execute(insert(batch_members), [_member(key, *place) for place in enumerate(chunk)])
    set_by_id(connection, [row.id for row in chunk], state="batched", batch=key)
    return key


def _member(batch: str, position: int, row: Any) -> dict[str, Any]:
    place = {"batch": batch, "position": position, "file_id": row.id}
    return place | {"path": row.path, "signature": row.signature}
