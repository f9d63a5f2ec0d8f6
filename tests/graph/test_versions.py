"""The collection's versions: what each is told, which is searched, and when one is dropped."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photo_assets.steps.catching_up import CannotCatchUp, keep_searched_whole
from photo_assets.steps.collection import BatchTables, outcomes, put_points
from photo_assets.steps.following import follow
from photo_assets.steps.truth import compare, told_by
from photo_assets.steps.versions import (
    drop_unused,
    is_made_by,
    known,
    made_by,
    named,
    note,
    previous,
    switch,
    switch_to_whole,
)
from photo_assets.tables import DECODED_IMAGES, IMAGE_CAPTIONS, IMAGE_EMBEDDINGS, PHOTO_METADATA
from resources.inference.port import InferenceEngine
from resources.library.ledger import Ledger
from resources.library.versions import KnownVersion
from resources.tables.schema import Row, Schema
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import UnknownVersion
from resources.vectors.port import Point, VectorIndex
from resources.vectors.server import ServerIndex
from tests.inference.services import CLIP, DIMENSIONS, FakeEngine, vector_for
from tests.library.conftest import Shelf
from tests.vectors.qdrant_stand_in import StandIn


class NewEngine(FakeEngine):
    """The settings' model."""

    clip = replace(CLIP, model="new")


# the in-memory server behind the stand-in says that it has no indexes; what is found does not depend on them
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact:UserWarning"),
]

OLD, NEW = made_by(FakeEngine()), made_by(NewEngine())
EVER_S = 1e9


@pytest.fixture(scope="module", params=["embedded", "server"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    with ExitStack() as stack:
        if request.param == "embedded":
            index: VectorIndex = EmbeddedIndex(tmp_path_factory.mktemp("index"), wait_s=0)
        else:
            index = ServerIndex(stack.enter_context(StandIn()).url)
        stack.enter_context(index)
        for version in (OLD, NEW):
            index.create_version(version.name, DIMENSIONS)
        yield index


@pytest.fixture
def index(opened: VectorIndex) -> VectorIndex:
    """Both versions without a point, the old one searched."""
    for version in (OLD, NEW):
        opened.delete(version.name, [record.point_id for record in opened.scroll(version.name)])
    opened.switch_alias(OLD.name)
    return opened


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    (tmp_path / "photos").mkdir()
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        for version in (OLD, NEW):
            ledger.note_version(replace(version, wanted_at=100.0))
        yield Shelf(tmp_path / "photos", ledger)


class Previews:
    """Each photo's preview is its id."""

    def read_preview(self, photo_id: str) -> bytes:
        return photo_id.encode()


def row_of(schema: Schema, file: Row, **values: Any) -> Row:
    return {column.name: None for column in schema} | {"photo_id": file["photo_id"], "status": "ok"} | values


def ingest(shelf: Shelf, index: VectorIndex, version: KnownVersion, name: str, **told: Any) -> str:
    """Take a new file into a version; the id of its photo."""
    shelf.put(name, name.encode())
    batch = shelf.cut_one()
    (file,) = shelf.identify(batch)
    rows = write(shelf, index, version, file, **told)
    shelf.ledger.finish_batch(batch, outcomes(rows))
    return str(file["photo_id"])


def write(shelf: Shelf, index: VectorIndex, version: KnownVersion, file: Row, **told: Any) -> list[Row]:
    """What collection_points does with a photo that was embedded for this version."""
    model = {"clip_model": version.model, "clip_revision": version.revision, "preprocessing": version.preprocessing}
    tables = BatchTables(
        [row_of(DECODED_IMAGES, file, path_display=file["path_display"])],
        [row_of(PHOTO_METADATA, file, rating=told.get("rating"))],
        [row_of(IMAGE_EMBEDDINGS, file, vector=vector_for(file["photo_id"].encode()), **model)],
        [row_of(IMAGE_CAPTIONS, file, caption=told.get("caption", "a lake"))],
    )
    return put_points(tables, index, shelf.ledger, version.name, DIMENSIONS)


def caught_up(shelf: Shelf, index: VectorIndex, engine: InferenceEngine | None = None) -> int | None:
    previews: Any = Previews()
    return keep_searched_whole(index, shelf.ledger, previews, lambda _, version: engine or FakeEngine(), NEW.name)


def told(index: VectorIndex, version: KnownVersion, photo_id: str) -> dict[str, Any]:
    (record,) = index.retrieve(version.name, [photo_id])
    return record.payload


def test_new_photos_are_found_in_the_searched_version_by_its_own_model(shelf: Shelf, index: VectorIndex) -> None:
    earlier = ingest(shelf, index, OLD, "a.jpg")
    later = ingest(shelf, index, NEW, "b.jpg")

    assert caught_up(shelf, index) == 1

    assert told(index, OLD, later) == told(index, NEW, later) | {"clip_model": OLD.model}
    vectors = index.vectors(OLD.name, [later])
    assert np.allclose(vectors[later], vector_for(later.encode()), atol=1e-6)
    assert index.query(OLD.name, vector_for(b"a lake"), 1, using="caption")[0].point_id == later
    assert caught_up(shelf, index) == 0
    assert index.retrieve(NEW.name, [earlier]) == [], "the settings' version is for a refresh to complete"
    index.switch_alias(NEW.name)
    assert caught_up(shelf, index) is None


def test_pictures_that_were_prepared_otherwise_are_not_mixed_with_newer_ones(shelf: Shelf, index: VectorIndex) -> None:
    ingest(shelf, index, NEW, "c.jpg")
    engine = FakeEngine()
    engine.clip = replace(CLIP, preprocessing="another way")  # type: ignore[misc]
    with pytest.raises(CannotCatchUp, match="prepared otherwise"):
        caught_up(shelf, index, engine)


def test_what_changes_of_a_photo_is_told_in_every_version_but_for_the_model(shelf: Shelf, index: VectorIndex) -> None:
    photo = ingest(shelf, index, OLD, "d.jpg", rating=5)
    assert told(index, OLD, photo)["rating"] == 5
    write(shelf, index, NEW, {"photo_id": photo, "path_display": "d.jpg"}, caption="a pond")
    payload = told(index, OLD, photo)
    assert (payload["caption"], payload.get("rating"), payload["clip_model"]) == ("a pond", None, OLD.model)


@pytest.mark.parametrize("version", [OLD, NEW], ids=["old", "new"])
def test_a_photo_that_is_only_in_one_version_and_moves_is_not_taken_for_removed(
    shelf: Shelf, index: VectorIndex, version: KnownVersion
) -> None:
    photo = ingest(shelf, index, version, "e.jpg")
    (shelf.root / "e.jpg").rename(shelf.root / "moved.jpg")
    shelf.look()
    follow(shelf.ledger, index, EVER_S, 1.0)
    assert [Path(path).name for path in told(index, version, photo)["paths"]] == ["moved.jpg"]
    assert shelf.ledger.batches_to_rewrite() == {} and shelf.ledger.ok_photo_ids() == {photo}


def switched(shelf: Shelf, index: VectorIndex, photos: Sequence[str]) -> str | None:
    """What photo_collection does when the tables tell of these photos; the version that searches left."""
    told = told_by(
        {"photo_id": each, "status": "ok", "collection": NEW.name, "payload_digest": None} for each in photos
    )
    return switch_to_whole(index, shelf.ledger, compare(index, shelf.ledger, NEW.name, told))


def test_a_whole_version_is_searched_at_once_unless_a_person_says_otherwise(shelf: Shelf, index: VectorIndex) -> None:
    photo = ingest(shelf, index, NEW, "f.jpg")
    assert switched(shelf, index, [photo]) == OLD.name and index.active_version() == NEW.name
    assert switched(shelf, index, [photo]) is None

    switch(index, shelf.ledger, OLD.name, by_hand=True)
    assert switched(shelf, index, [photo]) is None and index.active_version() == OLD.name
    switch(index, shelf.ledger, NEW.name)
    switch(index, shelf.ledger, OLD.name)
    assert switched(shelf, index, [photo]) == OLD.name


WRONG: dict[str, Callable[[Shelf, VectorIndex], object]] = {
    "a photo that only the other model has embedded": lambda shelf, index: ingest(shelf, index, OLD, "h.jpg"),
    "a photo without a point": lambda shelf, index: index.delete(NEW.name, sorted(shelf.ledger.ok_photo_ids())),
    "a point of no photo": lambda shelf, index: index.upsert(NEW.name, [STRANGER]),
    "a point that says where its photo is not": lambda shelf, index: index.set_payload(
        NEW.name, {photo_id: {"paths": ["/nowhere.jpg"]} for photo_id in shelf.ledger.ok_photo_ids()}
    ),
}
STRANGER = Point("00000000-0000-4000-8000-000000000000", vector_for(b"none"), {"photo_id": "none"})


@pytest.mark.parametrize("what", WRONG)
def test_a_version_with_anything_wrong_is_not_searched(shelf: Shelf, index: VectorIndex, what: str) -> None:
    photo = ingest(shelf, index, NEW, "g.jpg")
    WRONG[what](shelf, index)
    assert switched(shelf, index, [photo]) is None and index.active_version() == OLD.name


def test_a_version_of_which_the_tables_say_nothing_is_not_searched(shelf: Shelf, index: VectorIndex) -> None:
    ingest(shelf, index, NEW, "k.jpg")
    assert switched(shelf, index, []) is None and index.active_version() == OLD.name


def test_the_one_to_go_back_to_is_the_one_that_searches_left_last(shelf: Shelf, index: VectorIndex) -> None:
    assert previous(index, shelf.ledger) is None
    switch(index, shelf.ledger, NEW.name)
    back = previous(index, shelf.ledger)
    assert back is not None and back.name == OLD.name
    switch(index, shelf.ledger, OLD.name, by_hand=True)
    back = previous(index, shelf.ledger)
    assert back is not None and back.name == NEW.name


def test_a_version_is_dropped_once_it_was_neither_searched_nor_wanted_for_long(
    shelf: Shelf, index: VectorIndex
) -> None:
    third = replace(OLD, name="third-16-x")
    index.create_version(third.name, DIMENSIONS)
    note(index, shelf.ledger, NEW, now=500.0)
    assert third.name not in shelf.ledger.known_versions(), "an empty one says nothing of itself"
    assert drop_unused(index, shelf.ledger, before=1e12) == [NEW.name], "neither the searched nor an unknown one"
    index.create_version(NEW.name, DIMENSIONS)
    shelf.ledger.note_version(replace(third, wanted_at=100.0))
    note(index, shelf.ledger, NEW, now=500.0)
    shelf.ledger.leave_version(third.name, OLD.name, by_hand=False, now=300.0)
    assert drop_unused(index, shelf.ledger, before=300.0) == []
    assert drop_unused(index, shelf.ledger, before=301.0) == [third.name]
    assert third.name not in shelf.ledger.known_versions() and NEW.name in index.versions()


def test_a_version_that_nobody_wrote_down_is_told_by_its_points(shelf: Shelf, index: VectorIndex) -> None:
    ingest(shelf, index, OLD, "i.jpg")
    shelf.ledger.forget_version(OLD.name)
    assert known(index, shelf.ledger, OLD.name) == OLD
    note(index, shelf.ledger, NEW, now=7.0)
    assert shelf.ledger.known_versions()[OLD.name] == replace(OLD, wanted_at=7.0)


def test_a_part_that_only_one_name_has_names_a_version(shelf: Shelf, index: VectorIndex) -> None:
    assert named(index, shelf.ledger, "new").name == NEW.name
    assert named(index, shelf.ledger, OLD.name).name == OLD.name
    for part in ("16", "", "nothing"):
        with pytest.raises(UnknownVersion):
            named(index, shelf.ledger, part)


@pytest.mark.parametrize(
    ("name", "expected"),
    [(OLD.name, True), (NEW.name, False), ("", False), ("clip-x-y", False), ("clip-16-abc", False)],
)
def test_a_name_tells_whether_a_model_made_the_version(name: str, expected: bool) -> None:
    assert is_made_by(name, CLIP) is expected
