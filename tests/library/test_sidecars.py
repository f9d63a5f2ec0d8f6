"""Sidecars: whose they are, when a photo's metadata is behind them, and that nothing of it is lost."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from resources.library.sidecars import MAX_SIDECAR_BYTES, read_sidecar

from .conftest import Shelf
from .test_scan import lock, whole


def name_of(path: bytes) -> str:
    return Path(os.fsdecode(path)).name


def sidecars_seen(root: Path) -> dict[str, str | None]:
    """The names of the photos below `root` and of their sidecars."""
    return {name_of(file.path): file.sidecar and name_of(file.sidecar.path) for file in whole(root).found}


def apply(shelf: Shelf, batch: str, rows: list[dict[str, object]]) -> None:
    """Read the sidecars of the batch's photos and finish it, as a run does."""
    ids = [str(row["photo_id"]) for row in rows if row["status"] == "ok"]
    read = [
        (sidecar.file_id, read_sidecar(sidecar)[1])
        for known in shelf.ledger.sidecars_of(ids).values()
        for sidecar in known
    ]
    shelf.finish(batch, rows)
    shelf.ledger.finish_batch(batch, [], read)


def test_both_naming_habits_are_found_and_the_longer_name_wins(shelf: Shelf) -> None:
    for name in ("a.jpg", "b.jpg", "b.dng", "c.jpg", "d.jpg", "a.jpg.xmp", "b.xmp", "c.XMP", "c.jpg.xmp", "other.xmp"):
        shelf.put(name, name.encode())
    seen = sidecars_seen(shelf.root)
    assert seen == {
        "a.jpg": "a.jpg.xmp",
        "b.jpg": "b.xmp",
        "b.dng": "b.xmp",
        "c.jpg": "c.jpg.xmp",
        "d.jpg": None,
    }
    assert whole(shelf.root).skipped.total() == 1, "only the sidecar of no photo"


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_only_a_regular_file_is_a_sidecar(shelf: Shelf, kind: str) -> None:
    shelf.put("a.jpg", b"a")
    place = shelf.root / "a.xmp"
    if kind == "link":
        place.symlink_to(shelf.put("elsewhere.txt", b"<x/>"))
    elif kind == "folder":
        place.mkdir()
    else:
        os.mkfifo(place)
    assert sidecars_seen(shelf.root)["a.jpg"] is None


def test_a_sidecar_that_came_with_its_photo_is_applied_by_the_first_run(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"a")
    shelf.put("a.xmp", b"<x/>")
    batch = shelf.cut_one()
    apply(shelf, batch, shelf.identify(batch))
    assert shelf.ledger.batches_with_new_sidecars() == {}


def test_a_new_a_changed_and_a_removed_sidecar_make_the_photos_batch_due_once_each(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"a")
    batch = shelf.cut_one()
    rows = shelf.run(batch)
    tokens: set[str] = set()
    for change in (lambda: shelf.put("a.xmp", b"1"), lambda: shelf.put("a.xmp", b"22"), (shelf.root / "a.xmp").unlink):
        change()
        assert shelf.look().sidecars == 1
        assert shelf.look().sidecars == 0
        due = shelf.ledger.batches_with_new_sidecars()
        assert list(due) == [batch]
        tokens |= set(due.values())
        apply(shelf, batch, rows)
        assert shelf.ledger.batches_with_new_sidecars() == {}
    assert len(tokens) == 3, "each change asks for a run of its own"
    assert shelf.ledger.planned_batches() == []


def test_a_sidecar_that_changes_while_it_is_applied_stays_due(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"a")
    shelf.put("a.xmp", b"1")
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    (known,) = shelf.ledger.sidecars_of([str(rows[0]["photo_id"])]).values()
    read = [(known[0].file_id, read_sidecar(known[0])[1])]
    shelf.put("a.xmp", b"22")
    shelf.look()
    shelf.finish(batch, rows)
    shelf.ledger.finish_batch(batch, [], read)
    assert list(shelf.ledger.batches_with_new_sidecars()) == [batch]


def test_the_sidecar_of_a_copy_makes_the_batch_due_that_owns_the_photo(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"a")
    owner = shelf.cut_one()
    shelf.run(owner)
    shelf.put("copy.jpg", b"a")
    shelf.put("copy.xmp", b"<x/>")
    shelf.run(shelf.cut_one())
    assert list(shelf.ledger.batches_with_new_sidecars()) == [owner]


def test_a_file_that_becomes_another_photo_brings_its_sidecar_to_that_one(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"a")
    shelf.put("other.jpg", b"other")
    shelf.put("a.xmp", b"<x/>")
    owner = shelf.cut_one()
    apply(shelf, owner, shelf.identify(owner))
    shelf.put("a.jpg", b"other")
    shelf.run(shelf.cut_one())
    assert list(shelf.ledger.batches_with_new_sidecars()) == [owner]


def test_a_folder_that_cannot_be_listed_loses_no_sidecar(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("sub/a.jpg", b"a")
    shelf.put("sub/a.xmp", b"<x/>")
    batch = shelf.cut_one()
    apply(shelf, batch, shelf.identify(batch))
    lock(monkeypatch, shelf.root / "sub")
    assert shelf.look().sidecars == 0
    assert shelf.ledger.batches_with_new_sidecars() == {}


@pytest.mark.parametrize("is_noticed", [True, False])
def test_what_a_sidecar_says_is_due_again_when_its_disk_was_away_while_metadata_was_written(
    shelf: Shelf, is_noticed: bool
) -> None:
    shelf.put("disk/a.jpg", b"a")
    shelf.put("disk/a.xmp", b"<x/>")
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    apply(shelf, batch, rows)
    away = shelf.take_away("disk")
    if is_noticed:
        shelf.look()

    apply(shelf, batch, rows)
    away.rename(shelf.root / "disk")
    shelf.look()

    assert list(shelf.ledger.batches_with_new_sidecars()) == [batch]
    apply(shelf, batch, rows)
    assert shelf.ledger.batches_with_new_sidecars() == {}


def test_a_disk_that_is_away_and_back_makes_nothing_due(shelf: Shelf) -> None:
    shelf.put("disk/a.jpg", b"a")
    shelf.put("disk/a.xmp", b"<x/>")
    batch = shelf.cut_one()
    apply(shelf, batch, shelf.identify(batch))
    away = shelf.take_away("disk")
    shelf.look()
    away.rename(shelf.root / "disk")

    assert shelf.look().back == 1
    assert shelf.ledger.batches_with_new_sidecars() == {}


def test_a_sidecar_below_a_root_that_is_held_waits_for_its_disk(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"a")
    shelf.put("a.xmp", b"<x/>")
    batch = shelf.cut_one()
    shelf.run(batch)
    assert list(shelf.ledger.batches_with_new_sidecars()) == [batch]

    shelf.ledger.hold_root(bytes(shelf.root), "Input/output error")

    assert shelf.ledger.batches_with_new_sidecars() == {}


def test_a_sidecar_that_cannot_be_looked_at_hides_no_photo(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.put("a.jpg", b"a")
    bad = Unseen(os.fsencode(shelf.put("a.xmp", b"<x/>")))
    real = os.scandir

    def scandir(folder: bytes) -> Iterator[object]:
        return iter(bad if entry.path == bad.path else entry for entry in real(folder))

    monkeypatch.setattr(os, "scandir", scandir)

    assert sidecars_seen(shelf.root) == {"a.jpg": None}


@dataclass
class Unseen:
    """An entry of a folder on a disk that fails: listed, and no more."""

    path: bytes

    @property
    def name(self) -> bytes:
        return self.path.rpartition(b"/")[2]

    def is_file(self, *, follow_symlinks: bool) -> bool:
        raise OSError(5, "Input/output error")

    def is_dir(self, *, follow_symlinks: bool) -> bool:
        raise OSError(5, "Input/output error")

    def is_symlink(self) -> bool:
        return False


def test_a_failed_photo_is_not_described_for_ever(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"a")
    shelf.put("a.xmp", b"<x/>")
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    shelf.finish(batch, rows, {str(rows[0]["photo_id"]): "corrupt"})
    assert shelf.ledger.batches_with_new_sidecars() == {}


def test_what_cannot_be_read_or_is_too_long_is_an_empty_sidecar(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"a")
    shelf.put("a.xmp", bytes(MAX_SIDECAR_BYTES + 1))
    rows = shelf.identify(shelf.cut_one())
    ((known,),) = shelf.ledger.sidecars_of([str(rows[0]["photo_id"])]).values()
    assert read_sidecar(known) == (b"", known.signature)
    (shelf.root / "a.xmp").unlink()
    assert read_sidecar(known) == (b"", None), "nothing of it was read"
