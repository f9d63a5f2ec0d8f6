"""What a look tells the ledger: when a file is taken, and what is not concluded from its absence."""

import os
import time
from pathlib import Path

import pytest

from resources.library import scan
from resources.library.errors import RootUnavailable
from resources.library.ledger import Ledger
from resources.library.looking import SETTLE_S, Seen
from resources.library.scan import walk

from .conftest import Shelf
from .test_scan import failing_for, lock


def test_a_file_is_taken_after_two_equal_looks_far_enough_apart(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")

    assert shelf.look() == Seen(new=1, settling=1)
    assert shelf.look(after_s=SETTLE_S * 0.9) == Seen(settling=1)
    assert shelf.ledger.cut_batches(10) == []
    assert shelf.look(after_s=SETTLE_S * 0.2) == Seen(settled=1)
    assert len(shelf.ledger.cut_batches(10)) == 1
    assert shelf.look() == Seen(unchanged=1)


def test_a_look_that_began_before_the_first_one_was_over_settles_nothing(shelf: Shelf) -> None:
    """A sensor's long walk may overlap a person's: both saw the file within an instant."""
    shelf.put("a.jpg", b"x")
    (first,), (second,) = walk(shelf.root), walk(shelf.root)
    look = shelf.ledger.begin_look(bytes(shelf.root), 1)
    shelf.ledger.observe(look, first)
    time.sleep(SETTLE_S * 1.05)

    assert shelf.ledger.observe(look, second).settling == 1
    assert shelf.ledger.cut_batches(10) == []
    (third,) = walk(shelf.root)
    shelf.ledger.observe(look, third)
    assert len(shelf.ledger.cut_batches(10)) == 1


def test_a_file_that_was_seen_by_a_clock_far_ahead_settles_all_the_same(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.look(after_s=86_400.0)
    shelf.clock -= 86_400.0

    assert shelf.look() == Seen(settling=1)
    assert shelf.look() == Seen(settled=1)


def test_a_growing_file_waits_until_it_rests(shelf: Shelf) -> None:
    path = shelf.put("a.jpg", b"x")
    shelf.look()
    for size in range(2, 5):
        path.write_bytes(b"x" * size)
        assert shelf.look() == Seen(changed=1, settling=1)
    assert shelf.ledger.cut_batches(10) == []

    shelf.look()

    assert len(shelf.ledger.cut_batches(10)) == 1


def test_a_file_that_changes_between_settling_and_the_cut_waits_again(shelf: Shelf) -> None:
    path = shelf.put("a.jpg", b"x")
    shelf.look()
    shelf.look()
    path.write_bytes(b"xx")
    shelf.look()

    assert shelf.ledger.cut_batches(10) == []


@pytest.mark.parametrize("mtime_s", [0, 4_000_000_000], ids=["1970", "2096"])
def test_no_modification_time_hides_a_file_or_those_after_it(shelf: Shelf, mtime_s: int) -> None:
    os.utime(shelf.put("odd.jpg", b"x"), (mtime_s, mtime_s))
    shelf.cut()
    shelf.put("later.jpg", b"xx")
    os.utime(shelf.put("old-copy.jpg", b"xxx"), (500_000_000, 500_000_000))

    (batch,) = shelf.cut()

    assert [path.name for path in shelf.paths(batch)] == ["later.jpg", "old-copy.jpg"]


def test_a_change_that_keeps_size_and_modification_time_is_seen(shelf: Shelf) -> None:
    path = shelf.put("a.jpg", b"x")
    shelf.cut()
    before = path.stat()
    time.sleep(0.02)
    path.write_bytes(b"y")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert shelf.look().changed == 1


def test_an_unavailable_root_says_nothing_about_its_photos(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.run(shelf.cut_one())
    shelf.root.rename(shelf.root.with_name("unmounted"))

    with pytest.raises(RootUnavailable, match="PHOTO_LIBRARY"):
        shelf.look()

    assert shelf.ledger.counts()["missing"] == 0
    assert shelf.ledger.counts()["ok"] == 1


def test_what_lies_below_a_folder_that_cannot_be_listed_is_not_missing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put("locked/deep/a.jpg", b"x")
    shelf.put("locked-not/b.jpg", b"xx")
    shelf.cut()
    (shelf.root / "locked-not" / "b.jpg").unlink()
    lock(monkeypatch, shelf.root / "locked")

    assert shelf.look().missing == 1
    assert shelf.ledger.counts()["files"] == 1


def test_a_file_that_could_not_be_looked_at_is_not_missing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = os.fsencode(shelf.put("a.jpg", b"x"))
    shelf.cut()
    monkeypatch.setattr(scan, "_found", failing_for(bad, scan._found))

    assert shelf.look() == Seen()


def test_a_file_gone_and_back_unchanged_costs_no_batch(shelf: Shelf) -> None:
    shelf.put("disk/a.jpg", b"x")
    shelf.run(shelf.cut_one())
    away = shelf.take_away("disk")
    assert shelf.look().missing == 1
    assert shelf.look().missing == 0
    counts = shelf.ledger.counts()
    assert (counts["files"], counts["missing"], counts["ok"]) == (0, 1, 0)

    away.rename(shelf.root / "disk")
    assert shelf.look().back == 1
    assert shelf.cut() == []

    back = shelf.ledger.counts()
    assert (back["files"], back["missing"], back["ok"]) == (1, 0, 1)


def test_a_file_that_was_gone_while_it_was_settling_settles_when_it_is_back(shelf: Shelf) -> None:
    shelf.put("disk/a.jpg", b"x")
    shelf.look()
    away = shelf.take_away("disk")
    assert shelf.look().missing == 1
    away.rename(shelf.root / "disk")

    assert len(shelf.cut()) == 1


def test_overlapping_roots_do_not_double_files(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.put("2024/b.jpg", b"xx")
    inner = shelf.root / "2024"
    for _ in range(2):
        shelf.look()
        shelf.look(inner, after_s=0)

    (batch,) = shelf.ledger.cut_batches(10)

    assert len(shelf.paths(batch)) == 2
    assert shelf.ledger.counts()["files"] == 2


def test_a_look_says_nothing_of_a_root_below_it_that_it_does_not_enter(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    inner = shelf.put(".hidden/2024/b.jpg", b"xx").parent
    for _ in range(3):
        shelf.look()
        assert shelf.look(inner, after_s=0).back == 0
    assert shelf.ledger.counts()["files"] == 2

    (inner / "b.jpg").unlink()

    assert shelf.look().missing == 0
    assert shelf.look(inner).missing == 1


def test_a_look_tells_what_is_missing_below_a_root_that_it_enters(shelf: Shelf) -> None:
    inner = shelf.put("2024/b.jpg", b"xx").parent
    shelf.look(inner)
    shelf.put("a.jpg", b"x")
    shelf.cut()
    (inner / "b.jpg").unlink()

    assert shelf.look().missing == 1


def test_a_look_at_an_inner_root_says_nothing_about_its_neighbours(shelf: Shelf) -> None:
    for name in ("2024/b.jpg", "2024-old/c.jpg", "2024.jpg", "20240/d.jpg"):
        shelf.put(name, b"x")
    shelf.cut()

    assert shelf.look(shelf.root / "2024") == Seen(unchanged=1)


def test_the_root_of_the_file_system_may_be_a_library(tmp_path: Path, place: Path | str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    (portion,) = walk(tmp_path)
    with Ledger(place) as ledger:
        for now, new in ((1_000, 1), (1_010, 0)):
            look = ledger.begin_look(b"/", 1, now=now)
            assert ledger.observe(look, portion, now=now).new == new
            assert ledger.end_look(look, now=now)[1] is None
        assert len(ledger.cut_batches(10)) == 1


def test_entries_that_are_no_photos_are_counted_once_with_nested_roots(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("notes.txt", b"x")
    shelf.put("2024/notes.txt", b"x")
    (tmp_path / "photos-too").mkdir()
    (tmp_path / "photos-too" / "notes.txt").write_bytes(b"x")
    for root in (shelf.root / "2024", shelf.root, tmp_path / "photos-too"):
        shelf.look(root)

    assert shelf.ledger.counts()["ignored"] == 3

    (shelf.root / "notes.txt").unlink()
    shelf.look()
    assert shelf.ledger.counts()["ignored"] == 2
