"""Which batch does the work of a photo: the first that claims it, once, and never nobody."""

import os
from pathlib import Path

import pytest

from resources.library.retries import PASSING_KINDS, WAITS_S

from .conftest import Row, Shelf


def statuses(rows: list[Row]) -> list[object]:
    return [row["status"] for row in rows]


def test_copies_within_a_batch_are_brought_once(shelf: Shelf) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        shelf.put(name, b"same")
    shelf.put("d.jpg", b"other")

    rows = shelf.run(shelf.cut_one())

    assert statuses(rows) == ["ok", "duplicate", "duplicate", "ok"]
    counts = shelf.ledger.counts()
    assert (counts["ok"], counts["duplicates"], counts["photos"], counts["files"]) == (2, 2, 2, 4)


def test_a_copy_in_a_later_batch_is_a_duplicate_whether_or_not_the_first_is_done(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"same")
    first = shelf.cut_one()
    rows = shelf.identify(first)
    shelf.put("b.jpg", b"same")
    second = shelf.cut_one()
    assert statuses(shelf.run(second)) == ["duplicate"]
    assert shelf.ledger.counts()["pending"] == 2
    shelf.finish(first, rows)
    shelf.put("c.jpg", b"same")

    assert statuses(shelf.run(shelf.cut_one())) == ["duplicate"]
    assert shelf.ledger.counts()["duplicates"] == 2


def test_a_replay_gives_the_same_rows(shelf: Shelf) -> None:
    for name, content in (("a.jpg", b"same"), ("b.jpg", b"same"), ("c.jpg", b"other"), ("d.jpg", b"third")):
        shelf.put(name, content)
    first, second = shelf.cut(2)
    rows = shelf.identify(first)
    others = shelf.identify(second)

    assert shelf.identify(first) == rows
    shelf.finish(first, rows)
    shelf.finish(second, others)
    assert shelf.identify(second) == others
    assert shelf.identify(first) == rows
    assert shelf.ledger.counts()["ok"] == 3


def test_a_renamed_photo_is_not_brought_again_and_its_paths_change(shelf: Shelf) -> None:
    path = shelf.put("a.jpg", b"x")
    (row,) = shelf.run(shelf.cut_one())
    photo_id = str(row["photo_id"])
    path.rename(path.with_name("renamed.jpg"))

    assert shelf.look().moved == 1
    assert shelf.cut() == []

    assert shelf.ledger.paths_of([photo_id]) == {photo_id: [str(shelf.root / "renamed.jpg")]}
    counts = shelf.ledger.counts()
    assert (counts["ok"], counts["duplicates"], counts["missing"]) == (1, 0, 0)


def test_names_that_are_no_text_travel_to_the_rows(shelf: Shelf) -> None:
    path = os.fsencode(shelf.root) + b"/caf\xe9.jpg"
    Path(os.fsdecode(path)).write_bytes(b"x")

    (row,) = shelf.run(shelf.cut_one())

    assert row["path"] == path
    assert row["path_display"] == f"{shelf.root}/caf\\xe9.jpg"
    assert shelf.ledger.paths_of([str(row["photo_id"])]) == {row["photo_id"]: [row["path_display"]]}


def test_paths_of_are_in_path_order_with_an_empty_list_for_a_photo_nobody_holds(shelf: Shelf) -> None:
    for name in ("b.jpg", "a.jpg", "c/d.jpg"):
        shelf.put(name, b"same")
    rows = shelf.run(shelf.cut_one())

    paths = shelf.ledger.paths_of([str(rows[0]["photo_id"]), "unknown"])

    expected = [str(shelf.root / name) for name in ("a.jpg", "b.jpg", "c/d.jpg")]
    assert paths == {rows[0]["photo_id"]: expected, "unknown": []}


@pytest.mark.parametrize("kind", sorted(PASSING_KINDS))
def test_a_photo_that_failed_for_a_passing_reason_is_claimed_by_a_later_batch_once_it_is_due(
    shelf: Shelf, kind: str
) -> None:
    shelf.put("a.jpg", b"same")
    batch = shelf.cut_one()
    (row,) = rows = shelf.identify(batch)
    shelf.finish(batch, rows, {str(row["photo_id"]): kind})
    assert shelf.ledger.counts()["failed"] == 1
    shelf.put("b.jpg", b"same")
    assert statuses(shelf.run(shelf.cut_one())) == ["duplicate"]
    shelf.put("c.jpg", b"same")
    shelf.clock += WAITS_S[1]

    later = shelf.cut_one()

    assert statuses(shelf.run(later)) == ["ok"]
    assert statuses(shelf.identify(batch)) == ["duplicate"]
    counts = shelf.ledger.counts()
    assert (counts["ok"], counts["duplicates"], counts["failed"]) == (1, 2, 0)


@pytest.mark.parametrize("kind", ["corrupt", None], ids=["corrupt", "of no kind"])
def test_a_photo_that_failed_for_good_is_not_claimed_again(shelf: Shelf, kind: str | None) -> None:
    shelf.put("a.jpg", b"same")
    batch = shelf.cut_one()
    (row,) = rows = shelf.identify(batch)
    shelf.finish(batch, rows, {str(row["photo_id"]): kind or ""})
    shelf.put("b.jpg", b"same")

    assert statuses(shelf.run(shelf.cut_one())) == ["duplicate"]
    assert shelf.ledger.counts()["failed"] == 2


def test_a_failed_photo_is_brought_again_when_its_own_batch_is_run_again(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    (row,) = rows = shelf.identify(batch)
    shelf.finish(batch, rows, {str(row["photo_id"]): "corrupt"})

    assert statuses(shelf.run(batch)) == ["ok"]
    assert shelf.ledger.counts()["ok"] == 1


def test_a_done_batch_that_has_claimed_a_failed_photo_anew_is_planned_until_it_has_brought_it(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    (row,) = rows = shelf.identify(batch)
    shelf.finish(batch, rows, {str(row["photo_id"]): "timed_out"})
    shelf.identify(batch)
    assert shelf.ledger.planned_batches() == [], "no try is due"
    shelf.clock += WAITS_S[1]

    shelf.identify(batch)  # and nothing more, as a person may choose

    assert shelf.ledger.planned_batches() == [batch]
    assert shelf.ledger.counts()["batches_planned"] == 1
    shelf.run(batch)
    assert shelf.ledger.planned_batches() == []
    assert shelf.ledger.counts()["ok"] == 1


@pytest.mark.parametrize("accident", ["changed", "vanished"])
@pytest.mark.parametrize("copy_is_done", [True, False])
def test_a_photo_claimed_and_never_brought_is_brought_by_its_copy(
    shelf: Shelf, accident: str, copy_is_done: bool
) -> None:
    path = shelf.put("a.jpg", b"same")
    crashed = shelf.cut_one()
    shelf.identify(crashed)  # and here the run dies
    shelf.put("b.jpg", b"same")
    later = shelf.cut_one()
    assert statuses(shelf.identify(later)) == ["duplicate"]
    if copy_is_done:
        shelf.run(later)
    if accident == "changed":
        shelf.put("a.jpg", b"something else")
    else:
        path.unlink()

    assert statuses(shelf.run(crashed)) == ["failed"]
    shelf.run(later)
    for batch in shelf.cut():
        shelf.run(batch)

    counts = shelf.ledger.counts()
    assert counts["pending"] == 0
    assert counts["ok"] == counts["files"] == (2 if accident == "changed" else 1)


def test_a_vanished_file_is_a_row_and_is_taken_again_when_it_returns(shelf: Shelf) -> None:
    path = shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    path.unlink()
    (row,) = shelf.run(batch)
    assert (row["status"], row["error_kind"], row["photo_id"]) == ("failed", "vanished", None)
    shelf.look()
    assert shelf.ledger.counts()["files"] == 0
    shelf.put("a.jpg", b"x")

    assert statuses(shelf.run(shelf.cut_one())) == ["ok"]
    assert shelf.ledger.counts()["ok"] == 1


def test_a_file_unread_because_its_disk_was_away_is_taken_again_when_it_is_back_unchanged(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    away = shelf.root.with_name("away")
    shelf.root.rename(away)
    assert [row["error_kind"] for row in shelf.run(batch)] == ["vanished"]
    shelf.root.mkdir()
    shelf.look()
    shelf.root.rmdir()
    away.rename(shelf.root)

    assert statuses(shelf.run(shelf.cut_one())) == ["ok"]


def test_a_file_that_changed_after_the_scan_is_a_row_and_comes_in_a_later_batch(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    shelf.put("a.jpg", b"xx")
    (row,) = shelf.run(batch)
    assert (row["status"], row["error_kind"]) == ("failed", "changed")
    assert shelf.ledger.failures()[0]["error_kind"] == "changed"

    assert statuses(shelf.run(shelf.cut_one())) == ["ok"]
    assert shelf.ledger.failures() == []


def test_an_old_batch_run_late_does_not_overwrite_what_a_newer_look_says(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    old = shelf.cut_one()
    shelf.put("a.jpg", b"xx")
    shelf.run(shelf.cut_one())

    assert [row["error_kind"] for row in shelf.run(old)] == ["changed"]

    assert shelf.ledger.counts()["ok"] == 1
    assert shelf.ledger.failures() == []


def test_an_empty_batch_of_identities_is_no_trouble(shelf: Shelf) -> None:
    path = shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    path.unlink()

    assert statuses(shelf.run(batch)) == ["failed"]
    assert shelf.ledger.record_identities(batch, []) == set()
    assert shelf.ledger.ok_photo_ids() == set()


def test_ten_thousand_photos_fit_the_databases_statements(shelf: Shelf) -> None:
    """SQLite takes a bounded number of variables per statement."""
    ids = [f"photo-{number}" for number in range(40_000)]

    assert shelf.ledger.paths_of(ids) == {photo_id: [] for photo_id in ids}
