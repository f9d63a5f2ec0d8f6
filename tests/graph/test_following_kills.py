"""Following the library may be killed between any two steps: following again ends in the same state."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from photo_assets.steps.following import follow
from resources.library.ledger import Ledger
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import Point, VectorIndex
from tests.library.conftest import Shelf
from tests.vectors.samples import DIMENSIONS, OTHER_VERSION, VERSION, unit

STAY = [f"{number}.jpg" for number in range(6)]
NAMES = [*STAY, "moved.jpg", "gone.jpg", "old.jpg", "disk/back.jpg", "lost.jpg"]
NOW, GRACE_S, LONG_AGO, EVER_S = 5_000.0, 3_000.0, 1_000.0, 1e9


class Killed(Exception):
    """The process dies here."""


class Mortal:
    """Passes calls on until the one that kills; `calls` is shared by all that die together."""

    def __init__(self, target: Any, calls: list[str], lethal: int) -> None:
        self._target, self._calls, self._lethal = target, calls, lethal

    def __getattr__(self, name: str) -> Any:
        self._calls.append(name)
        if len(self._calls) == self._lethal:
            raise Killed(name)
        return getattr(self._target, name)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    """Two versions for all tests, which write each point anew: making one takes a second."""
    with EmbeddedIndex(tmp_path_factory.mktemp("index"), wait_s=0) as index:
        for version in (OTHER_VERSION, VERSION):
            index.create_version(version, DIMENSIONS)
        index.switch_alias(VERSION)
        yield index


@contextmanager
def library(folder: Path, index: VectorIndex) -> Iterator[tuple[Shelf, dict[str, str]]]:
    """A library with a photo for each thing that may happen to one, and the photo of each name."""
    (folder / "photos").mkdir(parents=True)
    with Ledger(folder / "ledger.sqlite") as ledger:
        shelf = Shelf(folder / "photos", ledger)
        for name in NAMES:
            shelf.put(name, name.encode())
        rows = shelf.run(shelf.cut_one())
        photo = {str(Path(str(row["path_display"])).relative_to(shelf.root)): str(row["photo_id"]) for row in rows}
        for version in index.versions():
            index.upsert(version, [Point(each, unit(1), {"paths": [name]}) for name, each in photo.items()])
        happen(shelf, index, photo)
        yield shelf, photo


def happen(shelf: Shelf, index: VectorIndex, photo: dict[str, str]) -> None:
    """One photo moves, one goes, one has been gone for long, one is removed and back, one has lost its point."""
    (shelf.root / "old.jpg").unlink()
    away = shelf.take_away("disk")
    shelf.look()
    follow(shelf.ledger, index, EVER_S, LONG_AGO)
    shelf.ledger.remove([photo["disk/back.jpg"]], LONG_AGO)
    for version in index.versions():
        index.delete(version, [photo["disk/back.jpg"]])
    away.rename(shelf.root / "disk")
    (shelf.root / "moved.jpg").rename(shelf.root / "elsewhere.jpg")
    (shelf.root / "lost.jpg").rename(shelf.root / "found.jpg")
    for version in index.versions():
        index.delete(version, [photo["lost.jpg"]])
    (shelf.root / "gone.jpg").unlink()
    shelf.look()


def state(shelf: Shelf, index: VectorIndex, photo: dict[str, str]) -> dict[str, Any]:
    """Of each photo, by its first name, what the ledger and both versions say of it."""
    ledger, name_of = shelf.ledger, {photo_id: name for name, photo_id in photo.items()}
    said = {
        version: {name_of[record.point_id]: said_by(record.payload, shelf.root) for record in index.scroll(version)}
        for version in index.versions()
    }
    return said | {
        "ok": {name_of[photo_id] for photo_id in ledger.ok_photo_ids()},
        "removed": {name_of[photo_id] for photo_id in ledger.removed_of(photo.values())},
        "batches to rewrite": len(ledger.batches_to_rewrite()),
        "due": ledger.collection_due(NOW - GRACE_S),
    }


def said_by(payload: dict[str, Any], root: Path) -> tuple[list[str], str | None]:
    return [path.removeprefix(f"{root}/") for path in payload["paths"]], payload.get("presence")


def test_every_photo_is_where_it_belongs_after_one_following(tmp_path: Path, index: VectorIndex) -> None:
    with library(tmp_path / "library", index) as (shelf, photo):
        followed = follow(shelf.ledger, index, GRACE_S, NOW)
        after = state(shelf, index, photo)
    assert vars(followed) == {"followed": 4, "offline": 1, "removed": 1}
    places = {name: ([name], None) for name in STAY}
    places |= {"moved.jpg": (["elsewhere.jpg"], "present"), "gone.jpg": (["gone.jpg"], "offline")}
    assert after[VERSION] == after[OTHER_VERSION] == places
    assert after["ok"] == {*STAY, "moved.jpg", "gone.jpg"}
    assert after["removed"] == {"old.jpg", "disk/back.jpg", "lost.jpg"}
    assert (after["batches to rewrite"], after["due"]) == (1, None)


def test_killed_between_any_two_steps_it_ends_the_same_when_it_follows_again(
    tmp_path: Path, index: VectorIndex
) -> None:
    with library(tmp_path / "whole", index) as (shelf, photo):
        follow(shelf.ledger, index, GRACE_S, NOW)
        expected = state(shelf, index, photo)
    calls: list[str] = []
    for lethal in range(1, 100):
        calls.clear()
        with library(tmp_path / str(lethal), index) as (shelf, photo):
            try:
                follow(Mortal(shelf.ledger, calls, lethal), Mortal(index, calls, lethal), GRACE_S, NOW)
                break
            except Killed:
                follow(shelf.ledger, index, GRACE_S, NOW)
            assert state(shelf, index, photo) == expected, calls
    assert {"write_presence", "set_payload", "remove", "settle_path_changes", "delete"} <= set(calls)
