"""What is concluded from files that are not there: moved, missing, or a disk that is not mounted."""

import os
import shutil
from pathlib import Path

import pytest

from resources.library import look as looking_at
from resources.library.errors import NothingHeld
from resources.library.look import confirm_missing

from .conftest import Shelf


def taken(shelf: Shelf, *names: str) -> dict[str, str]:
    """Put these files, each of other bytes, take them in one batch, and name the photo of each."""
    for name in names:
        shelf.put(name, name.encode())
    rows = shelf.run(shelf.cut_one())
    return {Path(str(row["path_display"])).relative_to(shelf.root).as_posix(): str(row["photo_id"]) for row in rows}


def counts(shelf: Shelf) -> tuple[int, int]:
    found = shelf.ledger.counts()
    return found["files"], found["missing"]


def test_a_renamed_folder_moves_its_files_and_nothing_is_taken_again(shelf: Shelf) -> None:
    photo = taken(shelf, "old/a.jpg", "old/b.jpg", "c.jpg")
    (shelf.root / "old").rename(shelf.root / "new")

    looked = shelf.look_guarded()

    assert (looked.held, looked.seen.moved, looked.seen.missing) == (None, 2, 0)
    assert shelf.cut() == []
    assert shelf.ledger.paths_of([photo["old/a.jpg"]])[photo["old/a.jpg"]] == [str(shelf.root / "new/a.jpg")]
    assert set(shelf.ledger.path_changes(10)) == {photo["old/a.jpg"], photo["old/b.jpg"]}


def test_two_files_that_change_places_are_read_again(shelf: Shelf) -> None:
    taken(shelf, "a.jpg", "b.jpg")
    (shelf.root / "a.jpg").rename(shelf.root / "c.jpg")
    (shelf.root / "b.jpg").rename(shelf.root / "a.jpg")
    (shelf.root / "c.jpg").rename(shelf.root / "b.jpg")

    seen = shelf.look_guarded().seen

    assert (seen.changed, seen.moved, seen.missing) == (2, 0, 0)


def test_a_file_that_is_written_anew_under_another_name_has_not_moved(shelf: Shelf) -> None:
    taken(shelf, *(f"{number}.jpg" for number in range(6)))
    path = shelf.root / "0.jpg"
    shutil.copy2(path, shelf.root / "copy.jpg")
    path.unlink()

    seen = shelf.look_guarded().seen

    assert (seen.new, seen.moved, seen.missing) == (1, 0, 1)


@pytest.mark.parametrize(("name", "moved"), [("b.jpg", 0), ("folder/a.jpg", 1)])
def test_a_file_that_is_dated_in_whole_seconds_is_followed_under_its_own_name_only(
    shelf: Shelf, name: str, moved: int
) -> None:
    os.utime(shelf.put("a.jpg", b"one"), (1e9, 1e9))
    first = shelf.run(shelf.cut_one())
    path = shelf.root / name
    path.parent.mkdir(exist_ok=True)
    (shelf.root / "a.jpg").rename(path)
    if not moved:  # another frame of the burst, in the inode that the deleted one had
        path.write_bytes(b"two")
        os.utime(path, (1e9, 1e9))

    assert shelf.look_guarded().seen.moved == moved

    shelf.look()
    again = [row for batch in shelf.cut() for row in shelf.run(batch)]
    assert [row["photo_id"] == first[0]["photo_id"] for row in again] == [False] * (1 - moved)


def test_a_file_whose_batch_is_under_way_is_not_followed(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    batch = shelf.cut_one()
    (shelf.root / "a.jpg").rename(shelf.root / "b.jpg")

    assert shelf.look().moved == 0
    shelf.run(batch)
    shelf.run(shelf.cut_one())
    assert shelf.ledger.counts()["ok"] == 1


def test_missing_files_are_told_to_the_collection_and_back_too(shelf: Shelf) -> None:
    photo = taken(shelf, *(f"{number}.jpg" for number in range(5)), "disk/a.jpg")
    away = shelf.take_away("disk")
    assert shelf.look_guarded().seen.missing == 1
    change = shelf.ledger.path_changes(10)
    assert set(change) == {photo["disk/a.jpg"]}
    assert shelf.ledger.paths_of(change) == {photo["disk/a.jpg"]: []}

    shelf.ledger.settle_path_changes(change)
    assert shelf.ledger.path_changes(10) == {}
    away.rename(shelf.root / "disk")
    assert shelf.look_guarded().seen.back == 1
    assert set(shelf.ledger.path_changes(10)) == {photo["disk/a.jpg"]}


def test_a_change_that_comes_while_the_collection_is_told_stays(shelf: Shelf) -> None:
    taken(shelf, *(f"{number}.jpg" for number in range(5)), "disk/a.jpg")
    away = shelf.take_away("disk")
    shelf.look_guarded()
    told = shelf.ledger.path_changes(10)
    away.rename(shelf.root / "disk")
    shelf.look_guarded()

    shelf.ledger.settle_path_changes(told)

    assert set(shelf.ledger.path_changes(10)) == set(told)


@pytest.mark.parametrize(("files", "held"), [(5, None), (4, "1 of 4 files (25%) are missing at once")])
def test_more_than_a_fifth_missing_at_once_is_held_back(shelf: Shelf, files: int, held: str | None) -> None:
    taken(shelf, *(f"{number}.jpg" for number in range(files)))
    (shelf.root / "0.jpg").unlink()

    assert shelf.look_guarded().held == held
    assert counts(shelf) == ((4, 1) if held is None else (4, 0))


def test_an_empty_root_is_held_back_until_a_person_says_so(shelf: Shelf) -> None:
    taken(shelf, "a.jpg", "b.jpg")
    shutil.rmtree(shelf.root)
    shelf.root.mkdir()
    for _ in range(2):
        looked = shelf.look_guarded()
        assert looked.held == "there is not one photo below it"
        assert counts(shelf) == (2, 0)
    assert shelf.ledger.held_roots() == {bytes(shelf.root): looked.held}
    assert shelf.ledger.path_changes(10) == {}

    shelf.ledger.confirm_missing(bytes(shelf.root))

    assert shelf.look_guarded().seen.missing == 2
    assert counts(shelf) == (0, 2)
    assert shelf.ledger.held_roots() == {}


def test_another_file_system_in_the_roots_place_is_held_back(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(shelf, *(f"{number}.jpg" for number in range(10)))
    (shelf.root / "0.jpg").unlink()
    monkeypatch.setattr(looking_at, "device_of", lambda _: 12345)

    looked = shelf.look_guarded()

    assert looked.held == "it lies on another file system than before"
    assert counts(shelf) == (10, 0)


def test_the_same_files_on_another_mount_cost_nothing(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(shelf, "a.jpg", "b.jpg")
    monkeypatch.setattr(looking_at, "device_of", lambda _: 12345)

    looked = shelf.look_guarded()

    assert (looked.held, looked.seen.unchanged) == (None, 2)
    (shelf.root / "a.jpg").rename(shelf.root / "c.jpg")
    assert shelf.look_guarded().seen.moved == 1, "the new file system is the known one now"


def test_what_was_held_back_and_is_there_again_is_forgotten(shelf: Shelf) -> None:
    taken(shelf, "disk/a.jpg", "b.jpg")
    away = shelf.take_away("disk")
    assert shelf.look_guarded().held
    away.rename(shelf.root / "disk")

    looked = shelf.look_guarded()

    assert (looked.held, looked.seen.unchanged, looked.seen.back) == (None, 2, 0)
    with pytest.raises(NothingHeld, match="photos status"):
        shelf.ledger.confirm_missing(bytes(shelf.root))


def test_a_word_given_for_a_root_that_goes_meanwhile_is_not_kept_for_later(shelf: Shelf) -> None:
    taken(shelf, "a.jpg", "b.jpg")
    (shelf.root / "a.jpg").unlink()
    assert shelf.look_guarded().held
    shelf.ledger.confirm_missing(bytes(shelf.root))
    shelf.ledger.hold_root(bytes(shelf.root), "No such file or directory")

    assert shelf.look_guarded().held, "it says something else now"


def test_a_root_that_is_gone_is_taken_for_missing_as_soon_as_a_person_says_so(shelf: Shelf) -> None:
    photo = taken(shelf, "a.jpg", "b.jpg")
    shutil.rmtree(shelf.root)
    shelf.ledger.hold_root(bytes(shelf.root), "No such file or directory")

    assert confirm_missing(shelf.ledger, shelf.root) == 2

    assert counts(shelf) == (0, 2)
    assert set(shelf.ledger.path_changes(10)) == set(photo.values())
    shelf.ledger.hold_root(bytes(shelf.root), "No such file or directory")
    assert shelf.ledger.held_roots() == {}, "nothing is left to be held"
    with pytest.raises(NothingHeld):
        confirm_missing(shelf.ledger, shelf.root)


def test_a_root_that_is_there_is_looked_at_before_anything_is_taken_for_missing(shelf: Shelf) -> None:
    taken(shelf, "a.jpg", "b.jpg")
    (shelf.root / "a.jpg").unlink()
    assert shelf.look_guarded().held

    assert confirm_missing(shelf.ledger, shelf.root) is None

    assert counts(shelf) == (2, 0)
    assert shelf.look_guarded().seen.missing == 1


def test_a_root_that_was_given_up_and_is_there_again_has_its_photos_back(shelf: Shelf) -> None:
    taken(shelf, "a.jpg", "b.jpg")
    away = shelf.root.rename(shelf.root.with_name("away"))
    shelf.ledger.hold_root(bytes(shelf.root), "No such file or directory")
    confirm_missing(shelf.ledger, shelf.root)
    away.rename(shelf.root)

    looked = shelf.look_guarded()

    assert (looked.held, looked.seen.back) == (None, 2)
    assert shelf.cut() == []
