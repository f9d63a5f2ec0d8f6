"""photo_files: which photo each file of a batch holds, and which of them this batch is to decode."""

from collections.abc import Iterable

from resources.library.identity import IdentifiedFile, identify
from resources.library.ledger import Ledger
from resources.tables.schema import Row


def identify_files(ledger: Ledger, batch: str, *, now: float | None = None) -> list[Row]:
    """Hash every file of the batch and claim its photos; one row per file, in the batch's order.

    `now` replaces the clock, for tests.
    """
    identified = list(identify(ledger.members(batch)))
    owned = ledger.record_identities(batch, identified, now=now)
    return list(_rows(identified, owned))


def _rows(identified: Iterable[IdentifiedFile], owned: set[str]) -> Iterable[Row]:
    brought: set[str] = set()
    for file in identified:
        yield _row(file, _status(file, owned, brought))
        if file.photo_id:
            brought.add(file.photo_id)


def _status(file: IdentifiedFile, owned: set[str], brought: set[str]) -> str:
    if file.photo_id is None:
        return "failed"
    return "ok" if file.photo_id in owned and file.photo_id not in brought else "duplicate"


def _row(file: IdentifiedFile, status: str) -> Row:
    return {
        "position": file.member.position,
        "path": file.member.path,
        "path_display": file.member.path.decode("utf-8", "backslashreplace"),
        "size_bytes": file.size_bytes,
        "mtime_ns": file.mtime_ns,
        "sha256": file.sha256,
        "photo_id": file.photo_id,
        "status": status,
        "error_kind": file.error_kind,
        "error_message": file.error_message,
    }
