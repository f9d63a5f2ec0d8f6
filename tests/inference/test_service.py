"""The service on loopback: whose answer is whose, what is refused and how, and that it outlives its clients."""

import itertools
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest

from resources.inference.client import RemoteEngine
from resources.inference.errors import DeviceLost
from resources.inference.port import Inferred, ItemError
from resources.inference.service.limits import Limits
from resources.inference.service.messages import decoded
from resources.inference.service.running import InferenceServer
from resources.web.errors import CannotListen, UnsafeAddress
from resources.web.running import is_loopback

from .services import DIMENSIONS, JPEG, FakeEngine, caption_for, picture, right, serving, vector_for

INFER = "/batch_embed_and_caption"
FORM = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[FakeEngine, str]]:
    """A service that most tests ask, and its engine: starting one takes longer than most tests."""
    engine = FakeEngine()
    limits = {"queue": 12, "files": 10, "file_bytes": 5_000, "body_bytes": 150_000, "read_s": 0.5, "texts": 5}
    with serving(engine, **limits) as url:
        yield engine, url


@pytest.fixture
def http(shared: tuple[FakeEngine, str]) -> Iterator[httpx.Client]:
    """A client of the shared service, whose engine has forgotten its batches."""
    engine, url = shared
    engine.batches.clear()
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client
    engine.free.set()  # whatever became of the test


@pytest.fixture
def its_engine(http: httpx.Client, shared: tuple[FakeEngine, str]) -> FakeEngine:
    """The engine behind `http`."""
    return shared[0]


def files(*pictures: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", ("a name.jpg", each)) for each in pictures]


def until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_each_file_has_its_result_in_its_place_or_its_failure(http: httpx.Client) -> None:
    sent = [picture(1), b"II*\x00 a raw", picture(2), JPEG + b"fails", b"", picture(3), JPEG + bytes(5_000), picture(1)]
    results = http.post(INFER, files=files(*sent)).json()["results"]
    failed = [result["caption_failure"] and result["caption_failure"]["kind"] for result in results]
    assert failed == [None, "unsupported", None, "undecodable", "unsupported", None, "too_large", None]
    assert [result["vector_failure"] for result in results] == [result["caption_failure"] for result in results]
    for content, result in zip(sent, results, strict=True):
        if not result["caption_failure"]:
            assert result["caption"] == caption_for(content)
            assert np.array_equal(decoded(result["vector"], DIMENSIONS), vector_for(content))


def test_only_what_is_asked_for_is_answered(http: httpx.Client) -> None:
    (vector,) = http.post(INFER, files=files(picture(1)), params={"caption": False}).json()["results"]
    (caption,) = http.post(INFER, files=files(picture(1)), params={"embed": False}).json()["results"]
    assert vector["vector"] and vector["caption"] is None and caption["vector"] is None and caption["caption"]


def test_texts_are_embedded_each_in_its_place(http: httpx.Client) -> None:
    texts = ["a boat", "", "it fails", "写真 ☃ \x00"]
    results = http.post("/embed_text", json={"texts": texts}).json()["results"]
    assert [result["vector_failure"] is None for result in results] == [True, True, False, True]
    for text, result in zip(texts, results, strict=True):
        if result["vector"]:
            assert np.array_equal(decoded(result["vector"], DIMENSIONS), vector_for(text.encode()))


def test_many_clients_share_batches_and_each_gets_its_own(engine: FakeEngine) -> None:
    requests = [[picture(17 * client + number) for number in range(client % 7 + 1)] for client in range(40)]
    with serving(engine, wait_s=0.02) as url, ThreadPoolExecutor(20) as clients:
        remotes = [RemoteEngine(url) for _ in range(4)]
        jobs = enumerate(requests)
        found = list(clients.map(lambda job: list(remotes[job[0] % 4].infer(job[1])), jobs))
    for sent, answers in zip(requests, found, strict=True):
        assert len(sent) == len(answers) and all(map(right, sent, answers))
    assert len(engine.batches) < len(requests), "nothing was merged"
    assert max(map(len, engine.batches)) <= 8


def test_a_full_queue_says_when_to_come_back_and_loses_nothing(its_engine: FakeEngine, http: httpx.Client) -> None:
    its_engine.free.clear()
    with ThreadPoolExecutor(3) as clients:
        accepted = []
        for busy in (1, 2):  # both workers
            accepted.append(clients.submit(http.post, INFER, files=files(*map(picture, range(8 * busy - 8, 8 * busy)))))
            until(lambda busy=busy: len(its_engine.batches) == busy)
        accepted.append(clients.submit(http.post, INFER, files=files(*map(picture, range(16, 24)))))
        until(lambda: http.get("/health").json()["waiting"] == 8)
        refused = http.post(INFER, files=files(*map(picture, range(8))))
        assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (503, True)
        its_engine.free.set()
        captions = [[result["caption"] for result in each.result().json()["results"]] for each in accepted]
    assert captions == [[caption_for(picture(n)) for n in range(start, start + 8)] for start in (0, 8, 16)]
    assert http.post(INFER, files=files(picture(1))).status_code == 200


def test_a_search_does_not_wait_behind_pictures(its_engine: FakeEngine, http: httpx.Client) -> None:
    its_engine.free.clear()
    with ThreadPoolExecutor(1) as clients:
        waiting = clients.submit(http.post, INFER, files=files(picture(1)))
        until(lambda: len(its_engine.batches) == 1)
        assert http.post("/embed_text", json={"texts": ["a boat"]}).status_code == 200
        assert not waiting.done()
        its_engine.free.set()
        assert waiting.result().status_code == 200


def test_a_client_that_goes_away_takes_its_work_along_and_stops_nobody(
    its_engine: FakeEngine, http: httpx.Client
) -> None:
    its_engine.free.clear()
    with ThreadPoolExecutor(3) as clients:
        busy = []
        for number in (1, 2):
            busy.append(clients.submit(http.post, INFER, files=files(picture(number))))
            until(lambda number=number: len(its_engine.batches) == number)
        with pytest.raises(httpx.ReadTimeout):
            http.post(INFER, files=files(JPEG + b"gone"), timeout=httpx.Timeout(5, read=0.1))
        until(lambda: 'status="499"' in http.get("/metrics").text)  # the service has noticed
        stays = clients.submit(http.post, INFER, files=files(picture(3)))
        until(lambda: http.get("/health").json()["waiting"] == 2)
        its_engine.free.set()
        assert [each.result().status_code for each in (*busy, stays)] == [200, 200, 200]
    assert JPEG + b"gone" not in [each for batch in its_engine.batches for each in batch]


def test_what_breaks_the_engine_costs_that_request_only(http: httpx.Client) -> None:
    broken = http.post(INFER, files=files(JPEG + b"breaks the engine"))
    assert (broken.status_code, broken.json()) == (500, {"detail": "the models failed: the engine broke"})
    assert http.post(INFER, files=files(picture(1))).status_code == 200


def test_stopping_answers_what_was_accepted(engine: FakeEngine) -> None:
    with ThreadPoolExecutor(1) as clients:
        with serving(engine) as url:
            engine.free.clear()
            accepted = clients.submit(httpx.post, url + INFER, files=files(picture(1)))
            until(lambda: len(engine.batches) == 2)
            threading.Timer(0.3, engine.free.set).start()  # by then the server has been told to stop
        assert accepted.result(10).json()["results"][0]["caption"] == caption_for(picture(1))


def test_too_much_at_once_is_refused(http: httpx.Client) -> None:
    assert http.post(INFER, files=files(*map(picture, range(11)))).status_code == 413
    assert http.post("/embed_text", json={"texts": ["x"] * 6}).status_code == 413
    announced = http.post(INFER, content=bytes(150_001))
    endless = itertools.chain([PART], itertools.repeat(bytes(1_000)))
    told = http.post(INFER, content=endless, headers={"content-type": FORM})
    assert (announced.status_code, told.status_code) == (413, 413)
    assert "0.15 MB" in announced.json()["detail"]


def test_a_body_is_refused_before_it_has_come(http: httpx.Client) -> None:
    with socket.create_connection((http.base_url.host, http.base_url.port)) as connection:
        connection.sendall(f"POST {INFER} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n".encode())
        assert b"413" in connection.recv(1000).splitlines()[0]


def test_a_sender_that_is_too_slow_is_not_waited_for(http: httpx.Client) -> None:
    with socket.create_connection((http.base_url.host, http.base_url.port)) as connection:
        head = f"POST {INFER} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 100\r\n\r\n--x"
        connection.sendall(head.encode())
        assert b"408" in connection.recv(1000).splitlines()[0]


def test_bodies_held_at_once_are_bounded(engine: FakeEngine) -> None:
    with serving(engine, body_bytes=10_000, held_bytes=15_000) as url, ThreadPoolExecutor(1) as clients:
        engine.free.clear()
        large = JPEG + bytes(9_000)
        first = clients.submit(httpx.post, url + INFER, files=files(large))
        until(lambda: len(engine.batches) == 2)
        refused = httpx.post(url + INFER, files=files(large))
        engine.free.set()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert first.result().status_code == httpx.post(url + INFER, files=files(large)).status_code == 200


# The framework leaves the file of a part that is cut off to the collector of garbage, which tells of it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", FORM),
        (b"--x\r\n" * 2000, FORM),
        (b'--x\r\nContent-Disposition: form-data; name="files"\r\n\r\nno file\r\n--x--\r\n', FORM),
        (b"--x\r\n" + b"X-Header: y\r\n" * 3000 + b"\r\n--x--", FORM),
        (PART + b"cut off", FORM),
        (bytes(range(256)) * 100, "multipart/form-data"),
        (b"{}", "application/json"),
        (b'{"texts": "one"}', "application/json"),
        (b"\xff" * 1000, "application/json"),
        (b'{"texts": ["' + b"x" * 100_001 + b'"]}', "application/json"),
        (b'{"texts": ["\\ud800"]}', "application/json"),
        (b"[" * 40_000, "application/json"),
    ],
)
def test_a_hostile_body_is_refused_and_does_no_harm(http: httpx.Client, content: bytes, kind: str) -> None:
    for path in (INFER, "/embed_text"):
        assert 400 <= http.post(path, content=content, headers={"content-type": kind}).status_code < 500
    assert http.post(INFER, files=files(picture(1))).status_code == 200


def test_the_token_is_asked_for_on_every_route_that_tells_something(engine: FakeEngine) -> None:
    with serving(engine, token="secret") as url:
        for method, path in (("GET", "/health"), ("GET", "/metrics"), ("POST", INFER), ("POST", "/embed_text")):
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
                answer = httpx.request(method, url + path, headers=headers)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert httpx.get(url + "/health", headers={"Authorization": "Bearer secret"}).status_code == 200
        assert httpx.get(url + "/docs").status_code == 200


def test_without_a_token_only_loopback_is_served(engine: FakeEngine) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "photos.example"):
        with pytest.raises(UnsafeAddress, match="INFERENCE_TOKEN"):
            InferenceServer(engine, host, 0)
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))


def test_a_page_that_points_its_own_name_here_is_refused(http: httpx.Client) -> None:
    assert http.get("/health", headers={"Host": "evil.example"}).status_code == 400
    assert http.get("/health", headers={"Host": "localhost:8765"}).status_code == 200


def test_a_taken_port_is_told(engine: FakeEngine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotListen, match="--port"):
        InferenceServer(engine, "127.0.0.1", taken.getsockname()[1])


class Loading(FakeEngine):
    """Loads until it is let go, and then fails if it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        super().__init__()
        self.loaded, self.failure = threading.Event(), failure

    def embed_texts(self, texts: Any) -> list[np.ndarray | ItemError]:
        if self.failure:
            raise self.failure
        assert self.loaded.wait(30)
        return super().embed_texts(texts)


def test_while_the_models_load_the_service_says_so() -> None:
    engine, ready = Loading(), threading.Event()
    server = InferenceServer(engine, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=(ready.set,))
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client:
        told = client.get("/health")
        assert (told.status_code, told.json()["status"], told.json()["models"]) == (503, "loading", None)
        refused = client.post(INFER, files=files(picture(1)))
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) >= 1
        engine.loaded.set()
        assert ready.wait(10)
        assert client.get("/health").json()["status"] == "ready"
    server.stop()
    thread.join(10)


def test_models_that_cannot_be_loaded_end_the_service_with_their_error() -> None:
    server = InferenceServer(Loading(RuntimeError("no weights")), "127.0.0.1", 0)
    with pytest.raises(RuntimeError, match="no weights"):
        server.run(lambda: None)


def test_a_lost_device_ends_the_service_with_its_error() -> None:
    class Losing(FakeEngine):
        def infer(self, pictures: Iterable[Any], **wishes: bool) -> Iterator[Inferred]:
            batch = list(pictures)
            if picture(13) in batch:
                raise DeviceLost("unspecified launch failure")
            return super().infer(batch, **wishes)

    server, ready = InferenceServer(Losing(), "127.0.0.1", 0), threading.Event()
    with ThreadPoolExecutor(1) as running:
        ended = running.submit(server.run, ready.set)
        assert ready.wait(30)
        url = f"http://127.0.0.1:{server.port}"
        assert httpx.post(url + INFER, files=files(picture(1))).status_code == 200
        lost = httpx.post(url + INFER, files=files(picture(13)))
        assert lost.status_code == 500 and "unspecified launch failure" in lost.json()["detail"]
        with pytest.raises(DeviceLost, match="Start again"):
            ended.result(30)


def test_the_metrics_count_requests_pictures_failures_and_batches(engine: FakeEngine) -> None:
    with serving(engine) as url, httpx.Client(base_url=url, timeout=30) as http:
        http.post(INFER, files=files(picture(1), JPEG + b"fails", b"no picture"))
        http.post("/embed_text", json={"texts": ["x"]})
        http.get("/no/such/page")
        told = http.get("/metrics").text.splitlines()
    for line in (
        f'photo_inference_requests_total{{route="{INFER}",status="200"}} 1.0',
        'photo_inference_requests_total{route="none",status="404"} 1.0',
        "photo_inference_pictures_total 3.0",
        'photo_inference_failures_total{kind="undecodable"} 1.0',
        'photo_inference_failures_total{kind="unsupported"} 1.0',
        'photo_inference_batch_size_bucket{le="4.0",of="pictures"} 1.0',
        'photo_inference_batch_size_count{of="texts"} 1.0',
        "photo_inference_queue_length 0.0",
    ):
        assert line in told, line


def test_the_interface_is_described(http: httpx.Client) -> None:
    described = http.get("/openapi.json").json()
    assert set(described["paths"]) == {INFER, "/embed_text", "/health", "/metrics"}


def test_the_limits_have_a_place_for_a_whole_request() -> None:
    limits = Limits()
    assert limits.files <= limits.queue and limits.file_bytes < limits.body_bytes <= limits.held_bytes
