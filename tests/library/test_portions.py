"""A walk in portions is the same walk: in the order of the paths, resumable, concluding nothing before its end."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.library import look as looking_at
from resources.library.look import look_over
from resources.library.patterns import Patterns
from resources.library.scan import walk

from .conftest import Shelf

PARTS = st.lists(st.sampled_from(["a", "a.b", "a-", "a0", "b"]), min_size=1, max_size=3)


def put_all(root: Path, names: set[str]) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(folders=st.lists(PARTS, min_size=1, max_size=8), size=st.integers(1, 5))
def test_portions_are_in_path_order_and_lose_nothing(
    tmp_path_factory: pytest.TempPathFactory, folders: list[list[str]], size: int
) -> None:
    root = tmp_path_factory.mktemp("root")
    names = {"/".join(parts) + ".jpg" for parts in folders} | {"/".join([*parts, "x.png"]) for parts in folders}
    put_all(root, names)

    portions = list(walk(root, portion_size=size))

    paths = [file.path for portion in portions for file in portion.found]
    assert paths == sorted(os.fsencode(root / name) for name in names)
    for portion, following in pairwise(portions):
        assert portion.until == following.after
        rest = [file.path for rest in walk(root, after=following.after) for file in rest.found]
        assert rest == [path for path in paths if path > following.after]


def test_a_look_that_had_to_stop_goes_on_and_concludes_at_the_end(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_all(shelf.root, {f"{number:02}.jpg" for number in range(20)})
    shelf.cut()
    for number in (0, 19):
        (shelf.root / f"{number:02}.jpg").unlink()
    monkeypatch.setattr(looking_at, "walk", lambda *roots, **rest: walk(*roots, **rest, portion_size=5))

    # However long it takes as a whole, each part begins soon after the one before.
    looks = [look_over(shelf.ledger, shelf.root, stop_at=0, now=2_000 + number * 3_000) for number in range(4)]

    assert [look.unfinished for look in looks] == [True, True, True, False]
    assert [look.seen.unchanged for look in looks] == [5, 5, 5, 3]
    assert [look.seen.missing for look in looks] == [0, 0, 0, 2]
    assert shelf.ledger.counts()["ignored"] == 0


def test_a_look_that_stopped_long_ago_begins_anew(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    put_all(shelf.root, {"a.jpg", "b.jpg"})
    monkeypatch.setattr(looking_at, "walk", lambda *roots, **rest: walk(*roots, **rest, portion_size=1))
    assert look_over(shelf.ledger, shelf.root, stop_at=0, now=2_000).unfinished

    assert look_over(shelf.ledger, shelf.root, now=9_000).seen.unchanged + 0 == 0
    assert shelf.ledger.counts()["files"] == 2


def test_a_look_does_not_go_on_below_an_empty_mount_point(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    put_all(shelf.root, {f"{number:02}.jpg" for number in range(20)})
    shelf.cut()
    monkeypatch.setattr(looking_at, "walk", lambda *roots, **rest: walk(*roots, **rest, portion_size=18))
    assert look_over(shelf.ledger, shelf.root, stop_at=0, now=2_000).unfinished
    shelf.root.rename(shelf.root.with_name("away"))
    shelf.root.mkdir()

    assert look_over(shelf.ledger, shelf.root, now=2_001).held == "there is not one photo below it"
    assert shelf.ledger.counts()["missing"] == 0


@pytest.mark.parametrize(
    ("include", "exclude", "taken"),
    [
        ([], [], {"a.jpg", "2024/b.jpg", "2024/Trash/c.jpg", "Trash/d.jpg", "2024/x_edit.jpg"}),
        ([], ["Trash"], {"a.jpg", "2024/b.jpg", "2024/x_edit.jpg"}),
        ([], ["/Trash"], {"a.jpg", "2024/b.jpg", "2024/Trash/c.jpg", "2024/x_edit.jpg"}),
        ([], ["*_edit.*", "2024/Trash"], {"a.jpg", "2024/b.jpg", "Trash/d.jpg"}),
        (["2024/"], [], {"2024/b.jpg", "2024/Trash/c.jpg", "2024/x_edit.jpg"}),
        (["2024/"], ["Trash"], {"2024/b.jpg", "2024/x_edit.jpg"}),
        (["?.jpg"], [], {"a.jpg", "2024/b.jpg", "2024/Trash/c.jpg", "Trash/d.jpg"}),
    ],
)
def test_patterns_take_and_leave_out(tmp_path: Path, include: list[str], exclude: list[str], taken: set[str]) -> None:
    put_all(tmp_path, {"a.jpg", "2024/b.jpg", "2024/Trash/c.jpg", "Trash/d.jpg", "2024/x_edit.jpg"})

    (portion,) = walk(tmp_path, patterns=Patterns.of(include, exclude))

    assert {os.path.relpath(os.fsdecode(file.path), tmp_path) for file in portion.found} == taken


def test_entries_that_are_no_photos_are_told_by_why(shelf: Shelf) -> None:
    for name in ("a.jpg", ".b.jpg", "notes.txt", "left_edit.jpg"):
        shelf.put(name, b"x")
    (shelf.root / "link.jpg").symlink_to("a.jpg")
    os.mkfifo(shelf.root / "pipe.jpg")

    (portion,) = walk(shelf.root, patterns=Patterns.of([], ["*_edit.jpg"]))

    assert portion.skipped == {
        "hidden": 1,
        "other files": 1,
        "links": 1,
        "not regular files": 1,
        "left out by pattern": 1,
    }
