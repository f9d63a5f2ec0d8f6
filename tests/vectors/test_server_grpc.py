"""ServerIndex over gRPC, against a small server of our own: what is written, and what refusals become."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from qdrant_client.grpc import points_pb2, points_service_pb2_grpc

from resources.vectors.errors import IndexRejected, IndexUnauthorized, IndexUnreachable, UnknownVersion
from resources.vectors.retries import RetryPolicy
from resources.vectors.server import ServerIndex

from .samples import DIMENSIONS, VERSION, point, point_id, unit

QUICK = RetryPolicy(attempts=3, first_wait_s=0.01, longest_wait_s=0.02)


class Points(points_service_pb2_grpc.PointsServicer):
    """Takes points; refuses as often, and as, it is told."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.refusals: list[tuple[grpc.StatusCode, str]] = []

    def Upsert(self, request: Any, context: Any) -> Any:
        if self.refusals:
            context.abort(*self.refusals.pop())
        self.taken += request.points
        done = points_pb2.UpdateResult(operation_id=1, status=points_pb2.UpdateStatus.Completed)
        return points_pb2.PointsOperationResponse(result=done, time=0.0)


@pytest.fixture
def points() -> Points:
    return Points()


@pytest.fixture
def index(points: Points) -> Iterator[ServerIndex]:
    with ThreadPoolExecutor(4) as workers:
        server = grpc.server(workers)
        points_service_pb2_grpc.add_PointsServicer_to_server(points, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with ServerIndex("http://127.0.0.1:9", grpc_port=port, policy=QUICK) as index:
            index._sizes_of[VERSION] = {"": DIMENSIONS, "caption": DIMENSIONS}
            yield index
        server.stop(0).wait()


def test_points_are_written_each_once_and_again_where_the_server_was_not_there(
    index: ServerIndex, points: Points
) -> None:
    points.refusals = [(grpc.StatusCode.UNAVAILABLE, "starting")] * 2
    index.upsert(VERSION, [point(number, unit(1)) for number in range(600)])
    assert sorted(each.id.uuid for each in points.taken) == sorted(point_id(number) for number in range(600))


@pytest.mark.parametrize(
    ("code", "told", "error"),
    [
        (grpc.StatusCode.UNAVAILABLE, "down", IndexUnreachable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "late", IndexUnreachable),
        (grpc.StatusCode.UNAUTHENTICATED, "no key", IndexUnauthorized),
        (grpc.StatusCode.PERMISSION_DENIED, "read only", IndexUnauthorized),
        (grpc.StatusCode.NOT_FOUND, f"Collection `{VERSION}` doesn't exist!", UnknownVersion),
        (grpc.StatusCode.INVALID_ARGUMENT, "wrong", IndexRejected),
    ],
)
def test_refusals_are_told_in_our_words_and_repeated_only_where_that_helps(
    index: ServerIndex, points: Points, code: grpc.StatusCode, told: str, error: type[Exception]
) -> None:
    points.refusals = [(code, told)] * QUICK.attempts
    with pytest.raises(error):
        index.upsert(VERSION, [point(1)])
    assert len(points.refusals) == (0 if error is IndexUnreachable else QUICK.attempts - 1)


def test_what_is_there_already_is_the_conflict_that_it_is_over_http(index: ServerIndex, points: Points) -> None:
    points.refusals = [(grpc.StatusCode.ALREADY_EXISTS, "Collection already exists")]
    with pytest.raises(IndexRejected) as refused:
        index.upsert(VERSION, [point(1)])
    assert refused.value.status == 409
