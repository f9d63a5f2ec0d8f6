"""The audit: originals read again and compared with what they were, to find what a disk changed by itself.

Functions over one open transaction, and `reread`, which reads. A file with another signature has been changed by
somebody, and the next look tells; one with the same signature and other bytes has been changed by nobody. Nothing is
repaired, moved or deleted here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

from resources.library.database import upsert
from resources.library.held import outside_held_roots
from resources.library.identity import IdentifiedFile, Member, identify
from resources.library.schema import audits, files

INTACT, SILENTLY_CHANGED, UNREADABLE = "intact", "silently_changed", "unreadable"
FINDINGS = (SILENTLY_CHANGED, UNREADABLE)

# What says something of a file, and what was said after all of it was read.
JUDGED, READ = (INTACT, *FINDINGS), (INTACT, SILENTLY_CHANGED)

REMEDY = "restore it from a backup and look at the disk; the collection still has what it was"


@dataclass(frozen=True)
class Original:
    """A file as the ledger knows it: when it was read last, its signature and its photo were these."""

    file_id: int
    path: bytes
    signature: str
    photo_id: str
    size_bytes: int


@dataclass(frozen=True)
class Audited:
    """What came of reading an original again: one of JUDGED, or why nothing can be said of it now."""

    original: Original
    verdict: str
    message: str | None = None


def due(connection: Connection, most_bytes: int, read_before: float, after: int) -> list[Original]:
    """The originals to read next: earlier findings, then those not read for longest; those never read again first.

    They have `most_bytes` together at most, unless the first has more alone. Left out are the first `after`, those read
    at `read_before` or later, and what may be on a disk that is away.
    """
    found: list[Original] = []
    total = 0
    waiting = _by_urgency().where(_audited_at() < read_before, outside_held_roots(connection)).offset(after)
    for row in connection.execute(waiting.execution_options(yield_per=1_000)):
        total += row.size_bytes
        if found and total > most_bytes:
            break
        found.append(Original(row.id, row.path, row.signature, row.photo_id, row.size_bytes))
    return found


def reread(originals: Sequence[Original]) -> Iterator[Audited]:
    """Hash every original again; results in their order."""
    members = [Member(place, original.path, original.signature) for place, original in enumerate(originals)]
    for original, read in zip(originals, identify(members), strict=True):
        yield Audited(original, *_judged(original, read))


def record(connection: Connection, audited: Iterable[Audited], now: float) -> None:
    """Write down what was found, in place of what an earlier audit said of the same files.

    Of a file that is gone or changed nothing: it was not read as what it was.
    """
    rows = [_row(each, now) for each in audited if each.verdict in JUDGED]
    if rows:
        statement = upsert(connection, audits)
        new = {name: statement.excluded[name] for name in rows[0] if name != "file_id"}
        connection.execute(statement.on_conflict_do_update(index_elements=[audits.c.file_id], set_=new), rows)


def findings(connection: Connection) -> list[dict[str, Any]]:
    """The originals that are not what they were: path, verdict, message, audited_at (Unix seconds); in path order.

    One that was restored since has another signature, and is none any more.
    """
    columns = (files.c.display.label("path"), audits.c.verdict, audits.c.message, audits.c.audited_at)
    still = and_(files.c.present, files.c.signature == audits.c.signature, audits.c.verdict.in_(FINDINGS))
    statement = select(*columns).select_from(_audited_files()).where(still).order_by(files.c.path)
    return [dict(row._mapping) for row in connection.execute(statement)]


def _by_urgency() -> Select[Any]:
    columns = (files.c.id, files.c.path, files.c.signature, files.c.photo_id, files.c.size_bytes)
    is_known = and_(files.c.present, files.c.state == "done", files.c.photo_id.is_not(None))
    is_finding = case((audits.c.verdict.in_(FINDINGS), 0), else_=1)
    order = (is_finding, _audited_at(), files.c.id)
    return select(*columns).select_from(_audited_files()).where(is_known).order_by(*order)


def _audited_at() -> ColumnElement[float]:
    return func.coalesce(audits.c.audited_at, 0.0)


def _audited_files() -> Any:
    return files.outerjoin(audits, audits.c.file_id == files.c.id)


def _judged(original: Original, read: IdentifiedFile) -> tuple[str, str | None]:
    if read.error_kind is not None:
        message = f"{read.error_message}; {REMEDY}" if read.error_kind == UNREADABLE else read.error_message
        return read.error_kind, message
    if read.photo_id != original.photo_id:
        return SILENTLY_CHANGED, f"its bytes are not what they were, and nobody has written it since; {REMEDY}"
    return INTACT, None


def _row(audited: Audited, now: float) -> dict[str, Any]:
    original = audited.original
    found = {"signature": original.signature, "verdict": audited.verdict, "message": audited.message}
    return {"file_id": original.file_id, "audited_at": now} | found
