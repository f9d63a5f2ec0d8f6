"""Batches: fixed lists in path order, each file in one, done when a run has ended them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resources.library.errors import UnknownBatch
from resources.library.ledger import Ledger

from .conftest import Shelf, outcome


def test_batches_are_cut_in_path_order_and_of_the_size_asked_for(shelf: Shelf) -> None:
    for name in ("b.jpg", "a/z.jpg", "a.jpg", "c.jpg", "B.jpg"):
        shelf.put(name, b"x")

    batches = shelf.cut(2)

    cut = [str(path.relative_to(shelf.root)) for batch in batches for path in shelf.paths(batch)]
    assert cut == ["B.jpg", "a.jpg", "a/z.jpg", "b.jpg", "c.jpg"]
    assert [len(shelf.ledger.members(batch)) for batch in batches] == [2, 2, 1]
    assert batches == sorted(batches) == shelf.ledger.planned_batches()


def test_members_stand_in_their_positions(shelf: Shelf) -> None:
    for number in range(12):
        shelf.put(f"{number:02}.jpg", b"x")

    members = shelf.ledger.members(shelf.cut_one())

    assert [member.position for member in members] == list(range(12))
    assert [Path(os.fsdecode(member.path)).stem for member in members] == [f"{number:02}" for number in range(12)]


def test_keys_are_safe_as_file_names_and_never_repeat(shelf: Shelf) -> None:
    for number in range(30):
        shelf.put(f"{number}.jpg", b"x")

    batches = shelf.cut(1)

    assert len(set(batches)) == 30
    assert all(key.replace("-", "").isalnum() and key.isascii() for key in batches)


def test_a_changed_file_appears_in_a_later_batch_and_the_old_one_stays_as_it_was(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.put("b.jpg", b"xx")
    old = shelf.cut_one()
    members = shelf.ledger.members(old)
    shelf.put("a.jpg", b"xxx")

    new = shelf.cut_one()

    assert shelf.ledger.members(old) == members
    assert [path.name for path in shelf.paths(new)] == ["a.jpg"]
    assert shelf.ledger.planned_batches() == [old, new]


def test_nothing_is_cut_twice(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.cut()

    assert shelf.cut() == []


def test_files_missing_when_the_batches_are_cut_are_left_out(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    gone = shelf.put("b.jpg", b"xx")
    shelf.look()
    shelf.look()
    gone.unlink()
    shelf.look()

    (batch,) = shelf.ledger.cut_batches(10)

    assert [path.name for path in shelf.paths(batch)] == ["a.jpg"]


def test_an_unknown_batch_is_refused_with_the_remedy(shelf: Shelf) -> None:
    with pytest.raises(UnknownBatch, match="PHOTO_DATA"):
        shelf.ledger.members("20240101T000000-00000-abcdef")


def test_a_batch_is_planned_until_it_is_finished(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    assert shelf.ledger.planned_batches() == [batch]
    assert shelf.ledger.counts()["pending"] == 1

    shelf.finish(batch, rows)

    assert shelf.ledger.planned_batches() == []
    assert shelf.ledger.counts()["ok"] == 1


def test_a_file_that_changed_meanwhile_is_not_done_with_its_old_batch(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    shelf.put("a.jpg", b"xx")
    shelf.look()

    shelf.finish(batch, rows)

    assert shelf.ledger.counts()["pending"] == 1
    assert len(shelf.cut()) == 1


def test_finishing_again_changes_nothing(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.put("bad.jpg", b"xx")
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    kinds = {str(rows[1]["photo_id"]): "corrupt"}
    shelf.finish(batch, rows, kinds)
    counts, failures = shelf.ledger.counts(), shelf.ledger.failures()

    shelf.finish(batch, rows, kinds)

    assert shelf.ledger.counts() == counts
    assert shelf.ledger.failures() == failures
    assert len(failures) == 1


def test_an_outcome_of_another_batchs_photo_is_not_taken(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    first = shelf.cut_one()
    (row,) = shelf.run(first)
    shelf.put("b.jpg", b"xx")
    second = shelf.cut_one()
    shelf.identify(second)

    shelf.ledger.finish_batch(second, [outcome(str(row["photo_id"]), "corrupt")])

    assert shelf.ledger.counts()["failed"] == 0


CUT = """
import sys
from pathlib import Path
from resources.library.ledger import Ledger

place = sys.argv[1]
with Ledger(place if "://" in place else Path(place)) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    ledger.cut_batches(7)
"""


def test_two_processes_cutting_at_once_never_put_a_file_in_two_batches(shelf: Shelf, place: Path | str) -> None:
    for number in range(100):
        shelf.put(f"{number}.jpg", b"x")
    shelf.look()
    shelf.look()
    command = [sys.executable, "-c", CUT, str(place)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    cutters = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for cutter in cutters:
        assert cutter.stdout.readline() == "ready\n"
    for cutter in cutters:
        cutter.stdin.write("go\n")
        cutter.stdin.flush()
    for cutter in cutters:
        cutter.communicate(timeout=30)
    assert [cutter.returncode for cutter in cutters] == [0, 0]

    cut = [path for batch in shelf.ledger.planned_batches() for path in shelf.paths(batch)]

    assert len(cut) == len(set(cut)) == 100


def test_a_folder_name_with_url_characters_holds_the_ledger(tmp_path: Path) -> None:
    path = tmp_path / "what? 100%20 #1" / "ledger.sqlite"
    with Ledger(path) as ledger:
        assert ledger.planned_batches() == []

    assert path.is_file()
