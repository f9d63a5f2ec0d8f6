"""A Qdrant server that fails in every way while batches are written, followed, compared and searched: nothing is lost.

What can help is tried again; else there is one clear error. Afterwards, and after the same is done once more, ledger =
tables = points. Nothing is shown here of a real server's own failures.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient

from resources.vectors.errors import (
    DiskFull,
    IndexRejected,
    IndexUnauthorized,
    IndexUnreachable,
    VectorIndexError,
)
from resources.vectors.retries import RetryPolicy
from resources.vectors.server import ServerIndex
from tests.vectors.qdrant_stand_in import StandIn
from tests.vectors.samples import unit

from .truthful import VERSION, Truthful, points_in, truthful

QUICK = RetryPolicy(attempts=4, first_wait_s=0.01, longest_wait_s=0.02)
WRITES, READS, SEARCH = r"PUT \S+/points$", r"POST \S+/points$", r"POST \S+/points/query"


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(api_key="right") as server:
        yield server


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Truthful]:
    library = truthful(tmp_path)
    yield library
    library.ledger.close()


@pytest.fixture
def index(server: StandIn) -> Iterator[ServerIndex]:
    with opened(server) as index:
        yield index


def opened(server: StandIn, key: str = "right", policy: RetryPolicy = QUICK) -> ServerIndex:
    with pytest.warns(UserWarning, match="insecure"):
        return ServerIndex(server.url, key, policy=policy)


def everything(library: Truthful, index: ServerIndex) -> None:
    """What an ingest does with the index, and a search."""
    for batch in library.tables:
        library.write(index, batch)
    library.wrong(index)
    assert len(index.query(VERSION, unit(1), limit=3)) == 3


def is_whole(library: Truthful, index: ServerIndex) -> bool:
    """Every photo is a point once, and all three say the same."""
    ids = [point_id for point_id, *_ in points_in(index)]
    return library.wrong(index).is_nothing and ids == library.photo_ids() and index.count(VERSION) == len(ids)


PASSING: dict[str, dict[str, Any]] = {
    "503": {"kind": "status", "status": 503},
    "500": {"kind": "status", "status": 500},
    "429": {"kind": "status", "status": 429},
    "a connection that ends without an answer": {"kind": "hang_up"},
    "a connection reset": {"kind": "reset"},
    "an acknowledgement lost after it was applied": {"kind": "lost"},
}


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_not_noticed(server: StandIn, index: ServerIndex, library: Truthful, fault: str) -> None:
    for route in ("PUT", WRITES, READS, SEARCH, "GET"):
        server.faults.order(route=route, times=2, **PASSING[fault])
    everything(library, index)
    assert is_whole(library, index)


LASTING = [(WRITES, fault) for fault in PASSING] + [(READS, "a connection reset"), (SEARCH, "503")]


@pytest.mark.parametrize(("route", "fault"), LASTING)
def test_what_stays_is_one_error_and_doing_it_again_ends_in_the_same(
    server: StandIn, index: ServerIndex, library: Truthful, fault: str, route: str
) -> None:
    server.faults.order(route=route, skip=1, times=10**6, **PASSING[fault])
    with pytest.raises(IndexUnreachable, match="QDRANT_URL"):
        everything(library, index)
    server.faults.clear()
    everything(library, index)
    assert is_whole(library, index)


FINAL: dict[str, tuple[dict[str, Any], type[VectorIndexError]]] = {
    "a full disk as 507": ({"kind": "status", "status": 507}, DiskFull),
    "a full disk as it is told": (
        {"kind": "status", "status": 500, "message": "Service internal error: No space left on device (os error 28)"},
        DiskFull,
    ),
    "a bad request": ({"kind": "status", "status": 400}, IndexRejected),
    "a key that is revoked": ({"kind": "status", "status": 401}, IndexUnauthorized),
    "a key that may only read": ({"kind": "status", "status": 403}, IndexUnauthorized),
}


@pytest.mark.parametrize("fault", FINAL)
def test_what_no_retry_helps_is_told_at_once(
    server: StandIn, index: ServerIndex, library: Truthful, fault: str
) -> None:
    ordered, error = FINAL[fault]
    server.faults.order(route=WRITES, skip=1, times=1, **ordered)
    with pytest.raises(error) as told:
        everything(library, index)
    assert not told.value.retryable
    everything(library, index)
    assert is_whole(library, index)


def test_a_server_that_is_down_at_the_start_is_waited_for(server: StandIn, library: Truthful) -> None:
    patient = RetryPolicy(attempts=50, first_wait_s=0.05, longest_wait_s=0.05)
    server.go_down(0.4)
    with opened(server, policy=patient) as index:
        everything(library, index)
        assert is_whole(library, index)


def test_a_server_that_stays_down_is_told_and_nothing_is_done(server: StandIn, library: Truthful) -> None:
    server.stop()
    with opened(server) as index, pytest.raises(IndexUnreachable, match="Check that it runs"):
        everything(library, index)
    assert library.ledger.counts()["ok"] == 0 and len(library.ledger.planned_batches()) == 2


def test_a_server_that_restarts_in_the_middle_is_waited_for(
    server: StandIn, library: Truthful, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = RetryPolicy(attempts=50, first_wait_s=0.05, longest_wait_s=0.05)
    with opened(server, policy=patient) as index:
        for batch in library.tables:
            library.write(index, batch)
            server.go_down(0.3)
        assert is_whole(library, index)


def test_an_answer_that_comes_too_late_is_asked_for_again_and_what_it_did_is_not_doubled(
    server: StandIn, library: Truthful
) -> None:
    server.faults.order("late", route=WRITES, seconds=0.6)
    with pytest.warns(UserWarning, match="insecure"):
        hasty: Any = QdrantClient(url=server.url, api_key="right", timeout=0.3, check_compatibility=False)  # type: ignore[arg-type]
    with ServerIndex(server.url, client=hasty, policy=QUICK) as index:
        everything(library, index)
        assert is_whole(library, index)


@pytest.mark.parametrize("key", ["wrong", ""])
def test_a_wrong_key_names_the_setting(server: StandIn, library: Truthful, key: str) -> None:
    unlocked = opened(server, key) if key else ServerIndex(server.url, None, policy=QUICK)
    with unlocked as index, pytest.raises(IndexUnauthorized, match="QDRANT_API_KEY"):
        everything(library, index)
    assert server.collections.names() == []


def test_a_ledger_is_never_told_of_a_batch_whose_points_are_not_there(
    server: StandIn, index: ServerIndex, library: Truthful, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = library.tables
    library.write(index, first)
    # applied by a server that then loses it, as one whose disk forgets
    real: Callable[..., Any] = server.collections.answer

    def forgetful(method: str, path: str, asked: Any, body: bytes) -> Any:
        is_write = method == "PUT" and path.endswith("/points")
        return {"operation_id": 1, "status": "completed"} if is_write else real(method, path, asked, body)

    monkeypatch.setattr(server.collections, "answer", forgetful)
    assert len(library.write(index, second)) == 3
    assert library.ledger.planned_batches() == [second]
