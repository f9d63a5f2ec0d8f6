"""Moving a version from the embedded engine to a server: whole, resumable, and searched there only when it is whole."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.vectors import contents, pushing
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.errors import IndexUnreachable, PushRefused
from resources.vectors.port import VectorIndex
from resources.vectors.retries import RetryPolicy
from resources.vectors.server import ServerIndex

from .qdrant_stand_in import StandIn
from .samples import DIMENSIONS, VERSION, point, point_id
from .test_snapshots import captioned, whole

POINTS = 30


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    with EmbeddedIndex(tmp_path_factory.mktemp("index"), wait_s=0) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.upsert(VERSION, [captioned(number) for number in range(POINTS)])
        yield index


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture
def target(server: StandIn) -> Iterator[ServerIndex]:
    with ServerIndex(server.url, policy=RetryPolicy(attempts=2, first_wait_s=0.01)) as index:
        yield index


def test_every_point_arrives_with_both_vectors_and_is_searched_there(source: VectorIndex, target: VectorIndex) -> None:
    heard: list[int] = []
    pushed = pushing.push(source, target, VERSION, tell=heard.append)
    assert (pushed.points, pushed.written, sum(heard)) == (POINTS, POINTS, POINTS)
    assert whole(target, VERSION) == whole(source, VERSION)
    assert target.active_version() == VERSION


def test_one_that_broke_off_goes_on_where_it_was(
    source: VectorIndex, target: VectorIndex, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "CHUNK", 10)
    server.faults.order("hang_up", r"PUT \S+/points$", skip=2, times=100)
    with pytest.raises(IndexUnreachable):
        pushing.push(source, target, VERSION)
    assert target.active_version() is None and target.count(VERSION) == 20
    target.set_payload(VERSION, {point_id(0): {"caption": "changed meanwhile"}})
    server.faults.clear()
    assert pushing.push(source, target, VERSION).written == 11
    assert whole(target, VERSION) == whole(source, VERSION)


def test_points_that_only_the_server_has_are_deleted_by_force_alone(source: VectorIndex, target: VectorIndex) -> None:
    target.create_version(VERSION, DIMENSIONS)
    target.upsert(VERSION, [point(99)])
    with pytest.raises(PushRefused, match="--force"):
        pushing.push(source, target, VERSION)
    assert target.count(VERSION) == 1
    assert pushing.push(source, target, VERSION, force=True).deleted == 1
    assert whole(target, VERSION) == whole(source, VERSION)


def test_what_differs_after_all_was_sent_is_not_searched(
    source: VectorIndex, target: ServerIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = ServerIndex.upsert
    for loses in (lambda points: points[1:], lambda points: [*points[1:], point(0)]):
        monkeypatch.setattr(ServerIndex, "upsert", lambda i, v, points, loses=loses: honest(i, v, loses(points)))
        with pytest.raises(PushRefused, match="differ"):
            pushing.push(source, target, VERSION)
        assert target.active_version() is None


def test_an_empty_version_is_not_moved(target: VectorIndex, tmp_path: Path) -> None:
    with StandIn() as other, ServerIndex(other.url) as empty:
        empty.create_version(VERSION, DIMENSIONS)
        with pytest.raises(PushRefused, match="no points"):
            pushing.push(empty, target, VERSION)
    assert target.versions() == []


def test_a_number_whose_last_bit_the_server_changed_is_not_sent_again(source: VectorIndex, target: ServerIndex) -> None:
    pushing.push(source, target, VERSION)
    (record,) = target.retrieve(VERSION, [point_id(7)])
    lat, lon = record.payload["location"]["lat"], record.payload["location"]["lon"]
    target.set_payload(VERSION, {point_id(7): {"location": {"lat": lat, "lon": math.nextafter(lon, 0)}}})
    assert pushing.push(source, target, VERSION).written == 0
    target.set_payload(VERSION, {point_id(7): {"location": {"lat": lat, "lon": lon + 1e-6}}})
    assert pushing.push(source, target, VERSION).written == 1
