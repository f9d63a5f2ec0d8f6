"""Building the search graph of the embedded engine: beside the version that is searched, which loses nothing by it."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from resources.vectors import embedded, layout, room
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import ChangedMeanwhile, EngineFailure
from resources.vectors.port import Point

from .samples import VERSION, point_id

LONG = 4_096  # so long that a graph is built of 700 points: the engine begins at 10 MB of vectors
POINTS = 700


def long_vector(number: int) -> NDArray[np.float32]:
    vector = np.random.default_rng(number).normal(size=LONG).astype(np.float32)
    return vector / np.linalg.norm(vector)


def long_point(number: int) -> Point:
    return Point(point_id(number), long_vector(number), {"rating": number % 6}, long_vector(number + 10_000))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version of POINTS, whose graph the first test builds."""
    folder = tmp_path_factory.mktemp("index")
    with EmbeddedIndex(folder, wait_s=0) as index:
        index.create_version(VERSION, LONG)
        index.upsert(VERSION, [long_point(number) for number in range(POINTS)])
    return folder


@pytest.fixture
def index(folder: Path) -> Iterator[EmbeddedIndex]:
    with EmbeddedIndex(folder, wait_s=1) as index:
        yield index


def answers(index: EmbeddedIndex, exact: bool = False) -> list[list[tuple[str, float]]]:
    asked = [(long_vector(number), "image") for number in range(5)] + [(long_vector(10_007), "caption")]
    found = [index.query(VERSION, vector, 5, exact=exact, using=using) for vector, using in asked]  # type: ignore[arg-type]
    return [[(hit.point_id, round(hit.score, 4)) for hit in hits] for hits in found]


def test_it_is_built_once_until_points_are_written_and_in_int8_too_where_that_is_set(folder: Path) -> None:
    with EmbeddedIndex(folder, wait_s=0) as index:
        before = answers(index, exact=True)
        assert index.optimize(VERSION) and not index.optimize(VERSION)
        assert index._open(VERSION)._shard.info().indexed_vectors_count == 2 * POINTS
        assert answers(index) == before and index.count(VERSION) == POINTS
    with EmbeddedIndex(folder, wait_s=0, quantization="int8") as index:
        assert index.optimize(VERSION) and not index.optimize(VERSION)
        assert '"int8"' in (folder / "versions" / VERSION / "shard" / "edge_config.json").read_text()
        assert answers(index) == before, "ranked by int8, compared by whole vectors"
    with EmbeddedIndex(folder, wait_s=0) as index:
        assert answers(index) == before, "what is quantized is passed over"


def test_points_are_searched_while_it_is_built_and_copied_points_stay(
    folder: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def build(shard: Path, *how: object) -> bool:
        with EmbeddedIndex(folder, wait_s=0) as other:
            seen.append(answers(other))
        return True

    monkeypatch.setattr(embedded, "build_graph", build)
    index.upsert(VERSION, [long_point(0)])
    assert index.optimize(VERSION)
    assert seen == [answers(index)] and index.count(VERSION) == POINTS


def test_a_point_written_while_it_is_built_is_kept_and_the_building_is_told_to_be_in_vain(
    folder: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(shard: Path, *how: object) -> bool:
        with EmbeddedIndex(folder, wait_s=0) as other:
            other.set_payload(VERSION, {point_id(1): {"rating": -1}})
        return True

    monkeypatch.setattr(embedded, "build_graph", build)
    index.upsert(VERSION, [long_point(0)])
    with pytest.raises(ChangedMeanwhile, match=VERSION) as caught:
        index.optimize(VERSION)
    assert caught.value.retryable
    assert index.retrieve(VERSION, [point_id(1)])[0].payload == {"rating": -1}
    assert not list((folder / "versions").glob(".building-*"))


def test_a_building_that_fails_leaves_the_version_as_it_was(
    folder: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(shard: Path, *how: object) -> bool:
        raise EngineFailure(shard, "no space left on device")

    monkeypatch.setattr(embedded, "build_graph", fail)
    index.upsert(VERSION, [long_point(0)])
    with pytest.raises(EngineFailure, match="no space"):
        index.optimize(VERSION)
    assert index.count(VERSION) == POINTS and not list((folder / "versions").glob(".building-*"))


def test_a_copy_takes_its_place_also_where_folders_cannot_be_exchanged(
    folder: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "exchanged", lambda one, other: False)
    monkeypatch.setattr(embedded, "build_graph", lambda *given: True)
    index.upsert(VERSION, [long_point(0)])
    before = answers(index)
    assert index.optimize(VERSION) and answers(index) == before
    assert [path.name for path in (folder / "versions").iterdir()] == [VERSION]


def test_nothing_is_begun_on_a_disk_without_room_for_the_copy(
    folder: Path, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.upsert(VERSION, [long_point(0)])
    free = room.ROOM_BYTES + (index.size_bytes(VERSION) or 0)
    monkeypatch.setattr(room.shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    with pytest.raises(EngineFailure, match="MB are free"):
        index.optimize(VERSION)
    assert index.count(VERSION) == POINTS and not list((folder / "versions").glob(".building-*"))
