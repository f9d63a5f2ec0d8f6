"""One truth: whatever is done to points, what differs is listed by id, and repairing makes all equal again."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from qdrant_client import QdrantClient

from photo_assets.repairing import TooManyOrphans, find
from photo_assets.steps.following import follow
from photo_assets.steps.true_vectors import unlike_vectors
from photo_assets.steps.truth import Differences, payload_digest
from resources.library.provenance import DOUBT
from resources.vectors.contents import points_of
from resources.vectors.port import Point, VectorIndex
from resources.vectors.server import ServerIndex
from tests.vectors.samples import unit

from .truthful import VERSION, Truthful, points_in, truthful

# the in-memory server says that it has no indexes; what is found does not depend on them
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Truthful]:
    library = truthful(tmp_path_factory.mktemp("truthful"))
    yield library
    library.ledger.close()


@pytest.fixture(scope="module")
def index(library: Truthful) -> Iterator[VectorIndex]:
    """A collection that holds all of the library; each test leaves it as it found it."""
    with in_memory() as index:
        for batch in library.tables:
            assert library.write(index, batch) == []
        yield index


def in_memory() -> ServerIndex:
    return ServerIndex("memory", client=QdrantClient(":memory:"))


def only(library: Truthful, index: VectorIndex) -> Differences:
    (found,) = library.wrong(index).versions
    return found


def test_what_was_written_is_the_same_everywhere(library: Truthful, index: VectorIndex) -> None:
    assert library.wrong(index).is_nothing
    assert only(library, index).remedy() == ""


ALTERED = {
    "another caption": {"caption": "a lie"},
    "another number": {"rating": 4},
    "a place moved": {"location": {"lat": 48.1, "lon": 11.6}},
    "a field too many": {"title": "not mine"},
    "another model": {"clip_model": "other"},
    "another path": {"paths": ["/nowhere.jpg"]},
    "offline though it is not": {"presence": "offline"},
}


@pytest.mark.parametrize("how", ALTERED)
def test_a_point_that_says_something_else_is_stale_and_written_again(
    library: Truthful, index: VectorIndex, how: str
) -> None:
    before = points_in(index)
    changed = library.photo_ids()[2]
    index.set_payload(VERSION, {changed: ALTERED[how]})
    found = only(library, index)
    assert (found.missing, found.orphans, found.stale) == ([], [], [changed])
    assert sum(found.batches.values()) == 1
    library.repair(index)
    assert points_in(index) == before and library.wrong(index).is_nothing


DAMAGE = st.lists(
    st.tuples(st.sampled_from(["delete", "alter", "swap", "add"]), st.integers(0, 5), st.integers(0, 5)), max_size=6
)


@given(DAMAGE)
@given_settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_points_removed_altered_and_added_anyhow_are_listed_and_repaired(
    library: Truthful, index: VectorIndex, damage: list[tuple[str, int, int]]
) -> None:
    before, ids = points_in(index), library.photo_ids()
    for what, which, other in damage:
        harm(index, what, ids[which], ids[other])
    after = {point_id: (payload, vector) for point_id, payload, vector in points_in(index)}
    found = only(library, index)
    assert found.missing == [point_id for point_id in ids if point_id not in after]
    assert found.orphans == sorted(after.keys() - set(ids))
    changed = [point_id for point_id, payload, _ in before if point_id in after and after[point_id][0] != payload]
    assert found.stale == changed
    library.repair(index, force=True)
    assert points_in(index) == before and library.wrong(index).is_nothing


def harm(index: VectorIndex, what: str, photo_id: str, other_id: str) -> None:
    if what == "delete":
        index.delete(VERSION, [photo_id])
    elif what == "alter":
        index.set_payload(VERSION, {photo_id: {"caption": f"not {other_id}"}})
    elif what == "swap":
        for record in index.retrieve(VERSION, [other_id] if other_id != photo_id else []):
            index.upsert(VERSION, [Point(photo_id, unit(0, 0, 1), record.payload)])
    else:
        index.upsert(VERSION, [Point(str(uuid.uuid5(uuid.NAMESPACE_URL, photo_id)), unit(1), {"photo_id": photo_id})])


VECTORS: dict[str, Callable[[Point], Point]] = {
    "another picture's": lambda point: replace(point, vector=unit(0, 0, 1)),
    "a hundredth off": lambda point: replace(point, vector=turned(point.vector)),
    "another caption's": lambda point: replace(point, caption_vector=unit(0, 0, 1)),
    "the caption's is lost": lambda point: replace(point, caption_vector=None),
}


@pytest.mark.parametrize("how", VECTORS)
def test_a_vector_that_changed_alone_is_found_by_comparing_vectors_and_written_again(
    library: Truthful, index: VectorIndex, how: str
) -> None:
    before, changed = vectors_in(index), library.photo_ids()[3]
    (point,) = (each for points in points_of(index, VERSION) for each in points if each.point_id == changed)
    index.upsert(VERSION, [VECTORS[how](point)])
    assert vectors_in(index) != before
    assert library.wrong(index).is_nothing, "who looks at payloads alone does not see it"
    (found,) = library.wrong(index, vectors=True).versions
    assert (found.missing, found.orphans, found.stale) == ([], [], [changed])
    library.repair(index, vectors=True)
    assert vectors_in(index) == before and library.wrong(index, vectors=True).is_nothing


def test_tables_of_another_version_tell_nothing_of_this_one_s_vectors(library: Truthful, index: VectorIndex) -> None:
    index.create_version("other-8-0123", 8)
    index.upsert("other-8-0123", [Point(library.photo_ids()[0], unit(0, 0, 1), {"photo_id": library.photo_ids()[0]})])
    assert unlike_vectors(index, library.ledger, "other-8-0123", library.store) == set()
    index.drop_version("other-8-0123")
    assert unlike_vectors(index, library.ledger, "other-8-0123", library.store) == set()


def turned(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector with one of its numbers changed a little."""
    other = vector + np.eye(len(vector), dtype=np.float32)[-1] / 100
    return other / np.linalg.norm(other)


def vectors_in(index: VectorIndex) -> dict[str, tuple[Any, Any]]:
    """Both vectors of every point."""
    points = (point for chunk in points_of(index, VERSION) for point in chunk)
    return {each.point_id: (shown(each.vector), shown(each.caption_vector)) for each in points}


def shown(vector: NDArray[np.float32] | None) -> Any:
    return vector is not None and (vector.round(4) + 0).tolist()


def test_a_photo_that_moves_while_it_is_compared_is_on_its_way_and_not_wrong(tmp_path: Path) -> None:
    library = truthful(tmp_path)
    with in_memory() as index:
        for batch in library.tables:
            library.write(index, batch)
        assert library.wrong(index).is_nothing
        (library.shelf.root / "0.jpg").rename(library.shelf.root / "moved.jpg")
        library.shelf.look()
        library.shelf.look()
        assert find(index, library.ledger, library.store).is_nothing
        follow(library.ledger, index, 1e9, 1.0)
        assert find(index, library.ledger, library.store).is_nothing
        assert any("moved.jpg" in str(payload["paths"]) for _, payload, _ in points_in(index))
    library.ledger.close()


def test_a_collection_that_is_gone_as_a_whole_is_written_again(library: Truthful, index: VectorIndex) -> None:
    before = points_in(index)
    with in_memory() as empty:
        assert only(library, empty).missing == library.photo_ids()
        library.repair(empty)
        assert points_in(empty) == before and empty.active_version() == VERSION


def test_points_of_another_library_are_not_deleted_without_force(library: Truthful, index: VectorIndex) -> None:
    before = points_in(index)
    strangers = [Point(str(uuid.UUID(int=number)), unit(1), {"photo_id": "x"}) for number in range(30)]
    index.upsert(VERSION, strangers)
    with pytest.raises(TooManyOrphans, match="--force"):
        library.repair(index)
    assert index.count(VERSION) == 36
    library.repair(index, force=True)
    assert points_in(index) == before


def test_wrong_points_make_their_batch_due_and_nothing_else_until_they_are_written(
    library: Truthful, index: VectorIndex
) -> None:
    (batch,) = {library.ledger.ok_photos()[photo_id] for photo_id in library.photo_ids()[:1]}
    current = {"collection_points": {"policy": "1"}}
    assert library.ledger.stale_batches(current) == []
    index.delete(VERSION, library.photo_ids()[:1])
    library.ledger.doubt_points(only(library, index).batches)
    (stale,) = library.ledger.stale_batches(current)
    assert (stale.key, stale.tables) == (batch, {"collection_points": [f"1 {DOUBT}"]})
    library.write(index, batch)
    assert library.ledger.stale_batches(current) == [] and library.wrong(index).is_nothing


def test_a_photo_whose_tables_are_lost_is_told(library: Truthful, index: VectorIndex) -> None:
    batch = next(iter(library.tables))
    path = library.store.path("collection_points", batch)
    content = path.read_bytes()
    try:
        for damage in (content[:40], None):
            path.write_bytes(damage) if damage else path.unlink()
            found = only(library, index)
            assert found.untold == [i for i in library.photo_ids() if library.ledger.ok_photos()[i] == batch]
            assert found.missing == found.stale == [] and found.batches == {batch: 3}
    finally:
        path.write_bytes(content)


def test_the_point_of_a_photo_that_a_batch_is_bringing_is_no_orphan(
    library: Truthful, index: VectorIndex, tmp_path: Path
) -> None:
    other = truthful(tmp_path)
    batch, tables = next(iter(other.tables.items()))
    photo_id = tables.decoded_images[0]["photo_id"]
    with in_memory() as empty:
        empty.create_version(VERSION, 8)
        empty.upsert(VERSION, [Point(photo_id, unit(1), {"photo_id": photo_id})])
        assert all(found.orphans == [] for found in other.wrong(empty).versions), batch
    other.ledger.close()


def test_a_digest_does_not_depend_on_how_an_engine_writes_numbers_or_places() -> None:
    one = {"f_number": 2.8, "rating": 5, "location": {"lat": 48.1, "lon": 11.5}, "paths": ["a"], "label": None}
    same = {"location": {"lon": 11.5, "lat": 48.1}, "f_number": float(np.float64(2.8)), "rating": 5.0, "paths": ["b"]}
    assert payload_digest(one) == payload_digest(same) != payload_digest(one | {"rating": 4})
