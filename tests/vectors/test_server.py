"""ServerIndex on the wire, against a small server of our own that misbehaves as told."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from qdrant_client import QdrantClient, models

from resources.vectors import breadth
from resources.vectors.cluster import Cluster
from resources.vectors.errors import IndexRejected, IndexUnauthorized, IndexUnreachable, UnknownVersion
from resources.vectors.port import Quantization
from resources.vectors.retries import RetryPolicy
from resources.vectors.server import ServerIndex

from .qdrant_stand_in import StandIn
from .samples import DIMENSIONS, OTHER_VERSION, VERSION, point, point_id, unit

QUICK = RetryPolicy(attempts=4, first_wait_s=0.01, longest_wait_s=0.02)
COLLECTION = f"/collections/{VERSION}"
HANG_UP = 0


class Answer(NamedTuple):
    """What to send: a status (HANG_UP to close the connection instead) and a body."""

    status: int
    body: bytes = b'{"status": {"error": "as told"}}'


class Request(NamedTuple):
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ok(result: Any) -> Answer:
    return Answer(200, json.dumps({"result": result, "status": "ok", "time": 0.0}).encode())


def collection_info(*names: str) -> Any:
    """What a server tells about an empty collection of DIMENSIONS, taken from the client's own imitation.

    Without names it is of an earlier release, with one vector that has none.
    """
    client = QdrantClient(":memory:")
    vectors = models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)
    client.create_collection("any", vectors_config=dict.fromkeys(names, vectors) or vectors)
    return client.get_collection("any").model_dump(mode="json")


class FaultyServer:
    """Answers each "METHOD /path" with the next of its planned answers, the last one for ever."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.plan: dict[str, list[Answer]] = defaultdict(lambda: [Answer(404, b"no such plan")])
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def seen(self, method: str, path: str) -> list[Request]:
        return [r for r in self.requests if (r.method, r.path.partition("?")[0]) == (method, path)]

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        planned = self.plan[f"{request.method} {request.path.partition('?')[0]}"]
        return planned.pop(0) if len(planned) > 1 else planned[0]

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {key.lower(): value for key, value in self.headers.items()}
                answer = server.answer(Request(self.command, self.path, headers, body))
                if answer.status == HANG_UP:
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                self.send_header("content-length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    server = FaultyServer()
    server.plan[f"GET {COLLECTION}/exists"] = [ok({"exists": True})]
    server.plan[f"GET {COLLECTION}"] = [ok(collection_info("", "caption"))]
    server.plan["GET /collections"] = [ok({"collections": [{"name": VERSION}]})]
    server.plan["GET /aliases"] = [ok({"aliases": []})]
    server.plan[f"POST {COLLECTION}/points/count"] = [ok({"count": 3})]
    yield server
    server.stop()


@pytest.fixture
def index(faulty: FaultyServer) -> Iterator[ServerIndex]:
    with ServerIndex(faulty.url, policy=QUICK) as index:
        yield index


@pytest.mark.parametrize("fault", [Answer(503), Answer(502, b"<html>"), Answer(429), Answer(HANG_UP)])
def test_two_faults_and_then_an_answer_succeeds(faulty: FaultyServer, index: ServerIndex, fault: Answer) -> None:
    faulty.plan["GET /collections"][:0] = [fault, fault]
    assert index.versions() == [VERSION]
    assert len(faulty.seen("GET", "/collections")) == 3


def test_a_server_that_stays_down_is_given_up_after_the_planned_attempts(
    faulty: FaultyServer, index: ServerIndex
) -> None:
    faulty.plan["GET /collections"] = [Answer(503)]
    with pytest.raises(IndexUnreachable, match="503") as caught:
        index.versions()
    assert len(faulty.seen("GET", "/collections")) == QUICK.attempts
    assert caught.value.retryable


def test_a_refused_connection_names_the_setting(faulty: FaultyServer) -> None:
    faulty.stop()
    with (
        ServerIndex(faulty.url, policy=QUICK) as index,
        pytest.raises(IndexUnreachable, match="QDRANT_URL") as caught,
    ):
        index.active_version()
    assert caught.value.url == faulty.url


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_names_the_setting_and_is_not_tried_again(
    faulty: FaultyServer, index: ServerIndex, status: int
) -> None:
    faulty.plan["GET /collections"] = [Answer(status)]
    with pytest.raises(IndexUnauthorized, match="QDRANT_API_KEY") as caught:
        index.versions()
    assert not caught.value.retryable
    assert len(faulty.requests) == 1


def test_a_bad_request_is_not_tried_again(faulty: FaultyServer, index: ServerIndex) -> None:
    faulty.plan["GET /collections"] = [Answer(400)]
    with pytest.raises(IndexRejected, match="as told"):
        index.versions()
    assert len(faulty.requests) == 1


@pytest.mark.parametrize("body", [b'{"hello": "world"}', b"<html>hello</html>", b"", b"[1]"])
def test_a_web_page_instead_of_an_answer_is_not_taken_for_a_server(
    faulty: FaultyServer, index: ServerIndex, body: bytes
) -> None:
    faulty.plan["GET /collections"] = [Answer(200, body)]
    with pytest.raises(IndexRejected, match="QDRANT_URL"):
        index.versions()


def test_the_key_is_sent(faulty: FaultyServer) -> None:
    with pytest.warns(UserWarning, match="insecure"), ServerIndex(faulty.url, "secret", policy=QUICK) as index:
        index.versions()
    assert faulty.requests[0].headers["api-key"] == "secret"


def test_upserts_go_in_chunks_wait_for_the_write_and_are_repeated_when_refused(faulty: FaultyServer) -> None:
    done = ok({"operation_id": 1, "status": "completed"})
    faulty.plan[f"PUT {COLLECTION}/points"] = [done, Answer(503), done]
    with ServerIndex(faulty.url, policy=QUICK, streams=1) as index:
        index.upsert(VERSION, [point(number, unit(1)) for number in range(600)])
    writes = faulty.seen("PUT", f"{COLLECTION}/points")
    assert [len(write.json()["points"]) for write in writes] == [256, 256, 256, 88]
    assert all("wait=true" in write.path for write in writes)
    assert writes[1].body == writes[2].body
    sent = [row["id"] for write in (writes[0], writes[2], writes[3]) for row in write.json()["points"]]
    assert sent == [point_id(number) for number in range(600)]


def test_chunks_go_side_by_side_and_of_two_points_with_one_id_only_the_last(
    faulty: FaultyServer, index: ServerIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, answer = threading.Barrier(4), faulty.answer

    def answer_together(request: Request) -> Answer:
        if request.method == "PUT":
            together.wait(timeout=20)
        return answer(request)

    monkeypatch.setattr(faulty, "answer", answer_together)
    faulty.plan[f"PUT {COLLECTION}/points"] = [ok({"operation_id": 1, "status": "completed"})]
    index.upsert(VERSION, [point(0, unit(1)), *(point(number, unit(0, 1)) for number in range(4 * 256))])
    sent = [row for write in faulty.seen("PUT", f"{COLLECTION}/points") for row in write.json()["points"]]
    assert sorted(row["id"] for row in sent) == sorted(point_id(number) for number in range(4 * 256))
    assert all(row["vector"][""][1] == 1 for row in sent)


@pytest.mark.parametrize(("was", "wanted", "told"), [(None, "int8", "int8"), ("int8", "none", "Disabled")])
def test_a_collection_is_told_of_another_quantization_once(
    faulty: FaultyServer, was: str | None, wanted: Quantization, told: str
) -> None:
    plain, quantized = collection_info("", "caption"), collection_info("", "caption")
    quantized["config"]["quantization_config"] = {"scalar": {"type": "int8", "always_ram": True}}
    infos = [quantized, plain] if was else [plain, quantized]
    faulty.plan[f"GET {COLLECTION}"] = [ok(infos[0]), ok(infos[0]), ok(infos[1])]
    faulty.plan[f"PATCH {COLLECTION}"] = [ok(True)]
    faulty.plan[f"POST {COLLECTION}/points/query"] = [ok({"points": []})]
    with ServerIndex(faulty.url, policy=QUICK, quantization=wanted) as index:
        assert index.optimize(VERSION) and not index.optimize(VERSION)
        for exact in (False, True):
            index.query(VERSION, unit(1), 3, exact=exact)
    (change,) = faulty.seen("PATCH", COLLECTION)
    assert told in str(change.json()["quantization_config"])
    asked = [request.json()["params"]["quantization"] for request in faulty.seen("POST", f"{COLLECTION}/points/query")]
    assert [each["ignore"] for each in asked] == [wanted == "none", True]
    assert asked[0]["rescore"] and asked[0]["oversampling"] == 2


def test_the_alias_moves_in_one_request_that_deletes_and_creates(faulty: FaultyServer, index: ServerIndex) -> None:
    current = {"alias_name": "photos", "collection_name": OTHER_VERSION}
    faulty.plan["GET /aliases"] = [ok({"aliases": [current, {"alias_name": "x", "collection_name": "y"}]})]
    faulty.plan["POST /collections/aliases"] = [ok(True)]
    index.switch_alias(VERSION)
    (moved,) = faulty.seen("POST", "/collections/aliases")
    assert moved.json()["actions"] == [
        {"delete_alias": {"alias_name": "photos"}},
        {"create_alias": {"collection_name": VERSION, "alias_name": "photos"}},
    ]


def test_creating_accepts_that_another_process_was_quicker_and_makes_the_indexes(
    faulty: FaultyServer, index: ServerIndex
) -> None:
    faulty.plan[f"GET {COLLECTION}/exists"] = [ok({"exists": False}), ok({"exists": True})]
    faulty.plan[f"PUT {COLLECTION}"] = [Answer(409)]
    faulty.plan[f"PUT {COLLECTION}/index"] = [ok({"operation_id": 1, "status": "completed"})]
    index.create_version(VERSION, DIMENSIONS)
    made = {r.json()["field_name"]: r.json()["field_schema"] for r in faulty.seen("PUT", f"{COLLECTION}/index")}
    assert made.pop("caption").items() >= {"type": "text", "tokenizer": "word", "scoring": {"type": "bm25"}}.items()
    assert made == {
        "photo_id": "keyword",
        "paths": {"type": "keyword", "prefix": True},
        "camera": "keyword",
        "lens_model": "keyword",
        "format": "keyword",
        "keywords": "keyword",
        "presence": "keyword",
        "rating": "integer",
        "taken_at": "datetime",
        "location": "geo",
    }


@pytest.mark.parametrize(
    ("cluster", "told"),
    [
        (Cluster(), {}),
        (Cluster(shards=6, replicas=2), {"shard_number": 6, "replication_factor": 2}),
        (Cluster(6, 3, 2), {"shard_number": 6, "replication_factor": 3, "write_consistency_factor": 2}),
    ],
)
def test_a_cluster_is_told_how_a_new_version_is_spread_and_nothing_that_is_not_set(
    cluster: Cluster, told: dict[str, int]
) -> None:
    with StandIn() as server, ServerIndex(server.url, policy=QUICK, cluster=cluster) as index:
        index.create_version(VERSION, DIMENSIONS)
        made_with = server.collections.made_with(VERSION)
    spread = ("shard_number", "replication_factor", "write_consistency_factor")
    assert {name: number for name, number in made_with.items() if name in spread and number is not None} == told


def test_a_large_collection_is_searched_more_widely_and_counted_once_a_minute(
    faulty: FaultyServer, index: ServerIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now_s=1_000.0)
    monkeypatch.setattr(breadth, "time", SimpleNamespace(monotonic=lambda: clock.now_s))
    faulty.plan[f"POST {COLLECTION}/points/count"] = [ok({"count": 50_000}), ok({"count": 1_000_000})]
    faulty.plan[f"POST {COLLECTION}/points/query"] = [ok({"points": []})]
    for clock.now_s in (1_000.0, 1_059.0, 1_061.0):
        index.query(VERSION, unit(1), 3)
    index.query(VERSION, unit(1), 2_000)
    asked = [request.json()["params"]["hnsw_ef"] for request in faulty.seen("POST", f"{COLLECTION}/points/query")]
    assert asked == [256, 256, 1_000, 2_000]
    (first, _) = faulty.seen("POST", f"{COLLECTION}/points/count")
    assert first.json()["exact"] is False


def test_a_collection_of_an_earlier_release_is_searched_as_it_is_and_gets_captions_with_the_next_batch(
    faulty: FaultyServer, index: ServerIndex
) -> None:
    done = ok({"operation_id": 1, "status": "completed"})
    faulty.plan[f"GET {COLLECTION}"] = [ok(collection_info())] * 3 + [ok(collection_info("", "caption"))]
    faulty.plan[f"PUT {COLLECTION}/index"] = [done]
    faulty.plan[f"PUT {COLLECTION}/vectors/caption"] = [done]
    faulty.plan[f"POST {COLLECTION}/points/query"] = [ok({"points": []})]

    assert index.query(VERSION, unit(1), 3, using="caption") == []
    assert not faulty.seen("POST", f"{COLLECTION}/points/query")
    index.create_version(VERSION, DIMENSIONS)
    (made,) = faulty.seen("PUT", f"{COLLECTION}/vectors/caption")
    assert made.json()["dense"] == {"size": DIMENSIONS, "distance": "Cosine"}
    index.query(VERSION, unit(1), 3, using="caption")
    assert faulty.seen("POST", f"{COLLECTION}/points/query")[0].json()["using"] == "caption"


def test_a_version_dropped_by_another_process_is_unknown(faulty: FaultyServer, index: ServerIndex) -> None:
    gone = b'{"status": {"error": "Not found: Collection doesn\'t exist!"}}'
    faulty.plan[f"POST {COLLECTION}/points/count"] = [ok({"count": 3}), Answer(404, gone)]
    assert index.count(VERSION) == 3
    with pytest.raises(UnknownVersion, match=VERSION):
        index.count(VERSION)


def test_a_404_of_some_other_server_is_not_an_unknown_version(faulty: FaultyServer, index: ServerIndex) -> None:
    faulty.plan[f"GET {COLLECTION}/exists"] = [Answer(404, b"nginx")]
    with pytest.raises(IndexRejected, match="QDRANT_URL"):
        index.count(VERSION)


def test_a_snapshot_is_fetched_whole_and_not_left_on_the_server(
    faulty: FaultyServer, index: ServerIndex, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 1_000
    faulty.plan[f"POST {COLLECTION}/snapshots"] = [Answer(503), ok({"name": "made.snapshot", "size": 1})]
    faulty.plan[f"GET {COLLECTION}/snapshots/made.snapshot"] = [Answer(200, content)]
    faulty.plan[f"DELETE {COLLECTION}/snapshots/made.snapshot"] = [ok(True)]
    archive = index.snapshot(VERSION, tmp_path / "backups")
    assert archive.read_bytes() == content
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [f"{VERSION}.snapshot"]
    assert len(faulty.seen("DELETE", f"{COLLECTION}/snapshots/made.snapshot")) == 1


def test_a_snapshot_that_cannot_be_fetched_leaves_no_file_under_its_name(
    faulty: FaultyServer, index: ServerIndex, tmp_path: Path
) -> None:
    faulty.plan[f"POST {COLLECTION}/snapshots"] = [ok({"name": "made.snapshot"})]
    faulty.plan[f"GET {COLLECTION}/snapshots/made.snapshot"] = [Answer(500)]
    with pytest.raises(IndexUnreachable, match="500"):
        index.snapshot(VERSION, tmp_path)
    assert not (tmp_path / f"{VERSION}.snapshot").exists()
    deleted = faulty.seen("DELETE", f"{COLLECTION}/snapshots/made.snapshot")
    assert len(deleted) == len(faulty.seen("POST", f"{COLLECTION}/snapshots")), "none of the tries is left there"
