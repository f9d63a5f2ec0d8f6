"""The audit finds what nobody wrote and is no longer what it was, and nothing else."""

from pathlib import Path

import pytest
from sqlalchemy import update

from photo_assets.steps.auditing import Audit, audit_originals
from resources.library import identity
from resources.library.audit import SILENTLY_CHANGED, UNREADABLE
from resources.library.scan import signature
from resources.library.schema import files

from .conftest import Shelf

EVERYTHING = 10**12


def fill(shelf: Shelf, *names: str) -> list[Path]:
    """Photos of ten bytes each, taken and done."""
    paths = [shelf.put(name, name.encode().ljust(10)) for name in names]
    shelf.run(shelf.cut_one())
    return paths


def rot(shelf: Shelf, path: Path) -> None:
    """Change a byte, and let the ledger believe that what stat says now is what it said before: as a disk does it."""
    path.write_bytes(b"\0" + path.read_bytes()[1:])
    with shelf.ledger._database.begin() as connection:
        unchanged = {"signature": signature(path.stat())}
        connection.execute(update(files).where(files.c.path == bytes(path)).values(unchanged))


def found(audit: Audit) -> list[tuple[str, str]]:
    return [(Path(row["path"]).name, row["verdict"]) for row in audit.findings]


def test_what_is_as_it_was_is_no_finding(shelf: Shelf) -> None:
    fill(shelf, "a.jpg", "b.jpg")

    audit = audit_originals(shelf.ledger, EVERYTHING)

    assert (audit.verdicts, audit.bytes_read, audit.findings) == ({"intact": 2}, 20, [])


def test_a_byte_that_changed_by_itself_is_found_and_nothing_is_done_about_it(shelf: Shelf) -> None:
    _, b = fill(shelf, "a.jpg", "b.jpg")
    rot(shelf, b)
    rotten, counts = b.read_bytes(), shelf.ledger.counts()

    audit = audit_originals(shelf.ledger, EVERYTHING)

    assert audit.verdicts == {"intact": 1, SILENTLY_CHANGED: 1}
    assert found(audit) == [("b.jpg", SILENTLY_CHANGED)]
    assert "restore it from a backup" in audit.findings[0]["message"]
    assert (b.read_bytes(), shelf.ledger.counts()) == (rotten, counts)


def test_a_change_that_somebody_made_is_the_next_looks_to_tell(shelf: Shelf) -> None:
    a, b = fill(shelf, "a.jpg", "b.jpg")
    a.write_bytes(b"edited")
    b.unlink()

    audit = audit_originals(shelf.ledger, EVERYTHING)

    assert (audit.verdicts, audit.bytes_read, audit.findings) == ({"changed": 1, "vanished": 1}, 0, [])


def test_what_could_not_be_read_stays_the_first_that_is_due_and_others_are_read_in_its_place(shelf: Shelf) -> None:
    a, *_ = fill(shelf, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
    away = a.rename(a.with_name("away"))

    audit = audit_originals(shelf.ledger, 20)

    assert (audit.verdicts, audit.bytes_read) == ({"vanished": 1, "intact": 2}, 20)
    away.rename(a)
    (first,) = shelf.ledger.originals_to_audit(10)
    assert first.path == bytes(a)


def test_what_lies_on_a_disk_that_is_away_is_not_due(shelf: Shelf) -> None:
    fill(shelf, "a.jpg", "b.jpg")
    shelf.ledger.hold_root(bytes(shelf.root), "No such file or directory")

    assert shelf.ledger.originals_to_audit(EVERYTHING) == []


def test_a_file_that_its_disk_does_not_give_any_more_is_found(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    a, _ = fill(shelf, "a.jpg", "b.jpg")
    whole = identity._hash

    def failing(member: identity.Member) -> identity.IdentifiedFile:
        if member.path == bytes(a):
            raise OSError(5, "Input/output error")
        return whole(member)

    monkeypatch.setattr(identity, "_hash", failing)

    assert found(audit_originals(shelf.ledger, EVERYTHING)) == [("a.jpg", UNREADABLE)]


def test_a_file_that_was_restored_is_a_finding_no_more(shelf: Shelf) -> None:
    (a,) = fill(shelf, "a.jpg")
    good = a.read_bytes()
    rot(shelf, a)
    assert len(audit_originals(shelf.ledger, EVERYTHING).findings) == 1

    a.unlink()
    a.write_bytes(good)
    shelf.look()
    assert shelf.ledger.audit_findings() == []
    shelf.run(shelf.cut_one())

    assert found(audit_originals(shelf.ledger, EVERYTHING)) == []


def test_the_parts_of_successive_audits_cover_the_library_in_turn(shelf: Shelf) -> None:
    fill(shelf, *(f"{number}.jpg" for number in range(6)))

    reads = []
    for week in range(4):
        originals = shelf.ledger.originals_to_audit(25)
        reads.append({Path(original.path.decode()).name for original in originals})
        audit = audit_originals(shelf.ledger, 25)
        assert audit.bytes_read == 20, week

    assert reads[0] | reads[1] | reads[2] == {f"{number}.jpg" for number in range(6)}
    assert reads[3] == reads[0]


def test_a_finding_is_read_again_before_all_others(shelf: Shelf) -> None:
    *_, last = fill(shelf, "a.jpg", "b.jpg", "c.jpg")
    rot(shelf, last)
    audit_originals(shelf.ledger, EVERYTHING)

    (first,) = shelf.ledger.originals_to_audit(10)

    assert first.path == bytes(last)


def test_a_photo_larger_than_a_weeks_bytes_is_read_all_the_same(shelf: Shelf) -> None:
    fill(shelf, "a.jpg")

    assert audit_originals(shelf.ledger, 1).verdicts == {"intact": 1}
