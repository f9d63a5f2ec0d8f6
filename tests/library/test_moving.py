"""A library that lies elsewhere now: the photos keep what is known of them, whichever disk they are on."""

import shutil
from pathlib import Path

import pytest

from resources.library.errors import NotMovable

from .conftest import Shelf


def moved(shelf: Shelf, new: Path) -> int:
    count = shelf.ledger.move_root(bytes(shelf.root), bytes(new), now=shelf.clock)
    shelf.root = new
    return count


@pytest.fixture
def done(shelf: Shelf) -> Shelf:
    """Three photos in a batch that is done, one with a sidecar, beside a folder whose name begins alike."""
    for name in ("a.jpg", "sub/ü.jpg", "b.jpg"):
        shelf.put(name, name.encode())
    shelf.put("a.jpg.xmp", b"<x/>")
    shelf.run(shelf.cut_one())
    return shelf


def test_a_renamed_root_is_known_as_it_was(done: Shelf, tmp_path: Path) -> None:
    counts = done.ledger.counts()
    photos = sorted(done.ledger.ok_photo_ids())
    done.root.rename(tmp_path / "elsewhere")

    assert moved(done, tmp_path / "elsewhere") == 3

    seen = done.look()
    assert (seen.unchanged, seen.new, seen.changed, seen.missing, seen.sidecars) == (3, 0, 0, 0, 0)
    assert done.ledger.counts() == counts
    paths = done.ledger.paths_of(photos)
    assert sorted(path for held in paths.values() for path in held) == sorted(
        str(tmp_path / "elsewhere" / name) for name in ("a.jpg", "b.jpg", "sub/ü.jpg")
    )
    assert sorted(done.ledger.path_changes(10)) == photos, "the collection is told"


def test_a_copy_on_another_disk_is_hashed_and_nothing_is_decoded_again(done: Shelf, tmp_path: Path) -> None:
    shutil.copytree(done.root, tmp_path / "copied")
    shutil.rmtree(done.root)
    moved(done, tmp_path / "copied")

    rows = done.run(done.cut_one())

    assert {row["status"] for row in rows} == {"duplicate"}
    counts = done.ledger.counts()
    assert (counts["files"], counts["ok"], counts["duplicates"], counts["missing"]) == (3, 3, 0, 0)


def test_what_was_ingested_at_the_new_place_before_it_was_said_is_not_there_twice(done: Shelf, tmp_path: Path) -> None:
    old, new = done.root, tmp_path / "elsewhere"
    old.rename(new)
    done.root = new
    done.run(done.cut_one())
    assert done.ledger.counts()["duplicates"] == 3
    done.root = old

    moved(done, new)

    counts = done.ledger.counts()
    assert (counts["files"], counts["ok"], counts["duplicates"], counts["missing"]) == (3, 3, 0, 3)


def test_folders_that_begin_alike_or_lie_in_each_other_are_not_confused(done: Shelf, tmp_path: Path) -> None:
    before = done.ledger.paths_of(done.ledger.ok_photo_ids())
    for old, new in (
        (tmp_path / "phot", tmp_path / "x"),
        (done.root, done.root / "deeper"),
        (done.root / "sub", done.root),
        (done.root, done.root),
    ):
        with pytest.raises(NotMovable, match=r"cannot become .*Name "):
            done.ledger.move_root(bytes(old), bytes(new))
    assert done.ledger.paths_of(done.ledger.ok_photo_ids()) == before
