"""From roots to planned batches, with the clock's own time."""

from functools import partial
from pathlib import Path

import pytest

from photo_assets.steps.scanning import Roots, scan_once, scan_until_settled
from resources.library import look as looking_at
from resources.library.errors import RootUnavailable
from resources.library.look import look_over
from resources.library.scan import walk

from .conftest import Shelf


def test_one_scan_of_a_person_takes_what_is_at_rest(shelf: Shelf, tmp_path: Path) -> None:
    for name in ("0.jpg", "1.jpg", "2.jpg", ".3.jpg", "notes.txt", "more.txt"):
        shelf.put(name, b"x")

    scan = scan_until_settled(shelf.ledger, Roots([shelf.root], tmp_path / "state"), 2)

    assert len(scan.batches) == 2
    assert scan.seen.new == 3
    assert (
        scan.told() == "3 new, 0 changed, 3 settling, 0 settled, 0 unchanged, 0 moved, 0 back, 0 missing, "
        "3 skipped (1 hidden, 2 other files), 0 sidecars new or changed, 0 failed ones due again; 2 batches cut"
    )


def test_a_person_who_waits_for_files_to_rest_gets_something_else_done_meanwhile(shelf: Shelf, tmp_path: Path) -> None:
    roots, done = Roots([shelf.root], tmp_path / "state"), list[int]()

    def note() -> None:
        done.append(len(shelf.ledger.planned_batches()))

    scan_until_settled(shelf.ledger, roots, 2, meanwhile=note)
    assert done == []  # nobody waits for an empty folder
    shelf.put("0.jpg", b"x")
    scan = scan_until_settled(shelf.ledger, roots, 2, meanwhile=note)
    assert done == [0] and len(scan.batches) == 1


def test_one_scan_of_a_sensor_takes_nothing_yet_even_with_nested_roots(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("below/a.jpg", b"x")

    scan = scan_once(shelf.ledger, Roots([shelf.root, shelf.root / "below"], tmp_path / "state"), 2)

    assert scan.batches == []


def test_a_person_gets_what_came_into_folders_that_an_unfinished_look_has_gone_through(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("b/0.jpg", "b/1.jpg", "b/2.jpg"):
        shelf.put(name, name.encode())
    monkeypatch.setattr(looking_at, "walk", partial(walk, portion_size=2))
    assert look_over(shelf.ledger, shelf.root, stop_at=0).unfinished
    shelf.put("a/new.jpg", b"new")

    scan = scan_until_settled(shelf.ledger, Roots([shelf.root], tmp_path / "state"), 10)

    (batch,) = scan.batches
    assert [path.name for path in shelf.paths(batch)] == ["new.jpg", "0.jpg", "1.jpg", "2.jpg"]


def test_an_unavailable_root_stops_no_other(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("a.jpg", b"x")

    scan = scan_once(shelf.ledger, Roots([tmp_path / "unmounted", shelf.root], tmp_path / "state"), 2)

    assert scan.seen.new == 1
    (warning,) = scan.warnings()
    assert "unmounted" in warning and "PHOTO_LIBRARY" in warning


def test_a_scan_without_any_root_that_can_be_read_is_an_error(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(RootUnavailable):
        scan_once(shelf.ledger, Roots([tmp_path / "unmounted"], tmp_path / "state"), 2)
