"""photo_files: which photo each file of a batch holds, and which of them this batch is to decode."""

from collections.abc import Iterable, Sequence

from resources.library.identity import IdentifiedFile, identify
from resources.library.ledger import Ledger
from resources.library.retries import FILE_KINDS
from resources.tables.schema import Row


def identify_files(ledger: Ledger, batch: str, earlier: Sequence[Row] = (), *, now: float | None = None) -> list[Row]:
    """Hash every file of the batch and claim its photos; one row per file, in the batch's order.

    A batch done before keeps its `earlier` rows of files that have moved, changed or gone since: its photos are still
    its own, and where they lie now the ledger knows better. `now` replaces the clock, for tests.
    """
    identified = list(identify(ledger.members(batch)))
    kept = _kept(earlier, identified) if ledger.is_done(batch) else {}
    found = [file for file in identified if file.member.position not in kept]
    owned = ledger.record_identities(batch, found, now=now)
    rows = [*kept.values(), *_rows(found, owned, {row["photo_id"] for row in kept.values() if row["status"] == "ok"})]
    return sorted(rows, key=lambda row: row["position"])


def _kept(earlier: Sequence[Row], identified: Iterable[IdentifiedFile]) -> dict[int, Row]:
    """The earlier rows, by place, of files that held a photo and cannot be had now."""
    away = {file.member.position for file in identified if file.error_kind in FILE_KINDS}
    return {row["position"]: row for row in earlier if row["photo_id"] and row["position"] in away}


def _rows(identified: Iterable[IdentifiedFile], owned: set[str], brought: set[str]) -> Iterable[Row]:
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
