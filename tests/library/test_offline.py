"""Which photos no file holds, since when, and which are removed and back: what the ledger knows of it."""

import pytest

from resources.library.identity import identify

from .conftest import Shelf, outcome

NAMES = [f"{number}.jpg" for number in range(6)]


@pytest.fixture
def photo(shelf: Shelf) -> dict[str, str]:
    """Six photos that are taken, by the name of their file."""
    for name in NAMES:
        shelf.put(name, name.encode())
    rows = shelf.run(shelf.cut_one())
    return {str(row["path_display"]).rpartition("/")[2]: str(row["photo_id"]) for row in rows}


def follow(shelf: Shelf, now: float) -> None:
    """What following the library does in the ledger."""
    changes = shelf.ledger.path_changes(100)
    shelf.ledger.write_presence(shelf.ledger.paths_of(changes), now)
    shelf.ledger.settle_path_changes(changes)


def test_a_photo_is_offline_from_when_that_was_told_first(shelf: Shelf, photo: dict[str, str]) -> None:
    shelf.put("copy.jpg", b"0.jpg")
    shelf.run(shelf.cut_one())
    (shelf.root / "0.jpg").unlink()
    shelf.look()
    follow(shelf, now=10.0)
    assert shelf.ledger.offline_before(100.0, 10) == [], "its copy is there"

    (shelf.root / "copy.jpg").unlink()
    shelf.look()
    follow(shelf, now=20.0)
    shelf.ledger.write_presence({photo["0.jpg"]: []}, now=30.0)

    assert shelf.ledger.offline_before(19.0, 10) == []
    assert shelf.ledger.offline_before(20.0, 10) == [photo["0.jpg"]]


def test_a_photo_that_is_back_is_not_to_be_removed_even_before_that_is_told(
    shelf: Shelf, photo: dict[str, str]
) -> None:
    (shelf.root / "0.jpg").unlink()
    shelf.look()
    follow(shelf, now=10.0)
    shelf.put("0.jpg", b"0.jpg")
    shelf.run(shelf.cut_one())

    assert shelf.ledger.offline_before(100.0, 10) == []
    follow(shelf, now=20.0)
    assert shelf.ledger.counts()["offline"] == 0


def test_a_change_of_a_photo_whose_batch_is_under_way_waits_for_its_end(shelf: Shelf) -> None:
    for name in NAMES:
        shelf.put(name, name.encode())
    batch = shelf.cut_one()
    rows = shelf.identify(batch)
    (shelf.root / "0.jpg").unlink()
    shelf.look()

    assert (shelf.ledger.path_changes(10), shelf.ledger.collection_due(0.0)) == ({}, None)
    shelf.finish(batch, rows)
    assert len(shelf.ledger.path_changes(10)) == 1


def test_a_photo_whose_file_went_after_it_was_read_and_before_that_was_written_down_is_not_forgotten(
    shelf: Shelf,
) -> None:
    for name in NAMES:
        shelf.put(name, name.encode())
    batch = shelf.cut_one()
    identified = list(identify(shelf.ledger.members(batch)))
    (shelf.root / "0.jpg").unlink()
    shelf.look()
    owned = shelf.ledger.record_identities(batch, identified)

    shelf.ledger.finish_batch(batch, [outcome(photo_id) for photo_id in owned])

    assert list(shelf.ledger.path_changes(10)) == [identified[0].photo_id]


def test_only_removed_photos_that_a_file_holds_are_written_again_and_each_removal_has_its_own_token(
    shelf: Shelf, photo: dict[str, str]
) -> None:
    assert shelf.ledger.remove([photo["0.jpg"], photo["1.jpg"]], now=10.0) == 2
    assert shelf.ledger.remove([photo["0.jpg"]], now=11.0) == 0
    assert shelf.ledger.removed_of(photo.values()) == {photo["0.jpg"], photo["1.jpg"]}
    assert shelf.ledger.ok_photo_ids() == {photo[name] for name in NAMES[2:]}
    (batch,) = both = shelf.ledger.batches_to_rewrite()
    (shelf.root / "0.jpg").unlink()
    shelf.look()
    first = shelf.ledger.batches_to_rewrite()
    assert first.keys() == both.keys() and first != both

    shelf.ledger.finish_batch(batch, [outcome(photo["1.jpg"])])
    assert shelf.ledger.batches_to_rewrite() == {}
    shelf.ledger.remove([photo["1.jpg"]], now=20.0)
    again = shelf.ledger.batches_to_rewrite()
    assert again.keys() == first.keys() and again != first
    assert (shelf.ledger.removed_since(10.0), shelf.ledger.removed_since(15.0)) == (2, 1)


def test_what_a_root_is_held_for_is_due_until_it_was_told(shelf: Shelf, photo: dict[str, str]) -> None:
    away = (shelf.root / "0.jpg").rename(shelf.root.with_name("away.jpg"))
    (shelf.root / "1.jpg").rename(shelf.root.with_name("away, too.jpg"))
    shelf.look_guarded()
    held = shelf.ledger.collection_due(0.0)
    assert held is not None
    shelf.ledger.tell_held_roots(shelf.ledger.held_roots())
    assert shelf.ledger.collection_due(0.0) is None

    away.rename(shelf.root / "0.jpg")
    shelf.look_guarded()
    assert shelf.ledger.held_roots() == {}
    follow(shelf, now=10.0)
    assert shelf.ledger.collection_due(0.0) not in (None, held)
    shelf.ledger.tell_held_roots([])
    assert shelf.ledger.collection_due(0.0) is None
