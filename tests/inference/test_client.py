"""The client: results in order, patience with a service that is away, and never an answer that is another's."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photo_assets.definitions import open_resource
from photo_assets.finding import open_searcher
from photo_assets.ingest import Ingested, ingest
from photo_assets.search.query import Query
from photo_assets.settings import Settings, load_settings
from resources.inference import client as client_module
from resources.inference import patience
from resources.inference.client import RemoteEngine
from resources.inference.engine import engine_for
from resources.inference.errors import (
    ServiceChanged,
    ServiceFailed,
    ServiceMismatch,
    ServiceRefused,
    ServiceUnauthorized,
    ServiceUnreachable,
)
from resources.inference.patience import Patience
from resources.inference.pictures import content_key
from resources.inference.port import Inferred, ItemError
from resources.inference.service.messages import encoded

from .services import (
    DIMENSIONS,
    JPEG,
    Answer,
    FakeEngine,
    Scripted,
    health,
    models,
    picture,
    right,
    scripted,
    serving,
    vector_for,
)

INFER = "/batch_embed_and_caption"
QUICK = Patience(unreachable_s=0.3, busy_s=0.6, first_wait_s=0.01, longest_wait_s=0.05)


@pytest.fixture
def service() -> Iterator[tuple[RemoteEngine, Scripted]]:
    """A client, and the script of the service that it asks."""
    with scripted() as (url, script):
        yield RemoteEngine(url, "token", QUICK), script


def answers(*contents: bytes, **changed: Any) -> dict[str, Any]:
    """What a right service answers for these pictures."""
    results = [
        {"content": content_key(each).hex(), "vector": encoded(vector_for(each)), "caption": "x"} for each in contents
    ]
    return {"models": models(), "results": results} | changed


def test_answers_come_in_order_around_failures_in_requests_of_bounded_size() -> None:
    engine = FakeEngine()
    earlier = ItemError("corrupt", "it is corrupt")
    sent: list[bytes | ItemError] = [picture(number) for number in range(150)]
    sent[0] = sent[70] = sent[149] = earlier
    sent[33] = JPEG + b"fails"
    with serving(engine, files=20, wait_s=0.0) as url:
        remote = RemoteEngine(url, patience=QUICK)
        found = list(remote.infer(iter(sent)))
        assert list(remote.infer([])) == [] and list(remote.infer([earlier] * 3)) == [Inferred(earlier, earlier)] * 3
    assert [place for place, each in enumerate(found) if each.vector is each.caption is earlier] == [0, 70, 149]
    assert found[33].vector == found[33].caption == ItemError("undecodable", "as told")
    sound = [place for place in range(150) if place not in (0, 33, 70, 149)]
    assert len(found) == 150 and all(right(bytes(sent[place]), found[place]) for place in sound)
    assert remote.counts() == {"pictures": 147, "requests": 9, "tries_again": 0}


def test_pictures_are_read_only_a_little_ahead_of_the_answers() -> None:
    read: list[int] = []

    def pictures() -> Iterator[bytes]:
        for number in range(10_000):
            read.append(number)
            yield picture(number)

    with serving(FakeEngine()) as url:
        inferred = RemoteEngine(url, patience=QUICK).infer(pictures())
        assert right(picture(0), next(inferred))
        assert len(read) <= 9 * 32 + 1
        inferred.close()


def test_only_what_is_asked_for_is_answered() -> None:
    earlier = ItemError("corrupt", "x")
    with serving(FakeEngine()) as url:
        remote = RemoteEngine(url, patience=QUICK)
        assert list(remote.infer([picture(1), earlier], embed=False, caption=False)) == [Inferred(), Inferred()]
        vector, error = remote.infer([picture(1), earlier], caption=False)
        assert vector.caption is None and error == Inferred(vector=earlier)


def test_over_http_the_small_models_answer_to_the_bit_as_in_this_process(library: Path) -> None:
    engine = engine_for("small")
    sent = [path.read_bytes() for path in sorted(library.rglob("*.*"))]  # a broken and a foreign one are among them
    here = list(engine.infer(sent))
    with serving(engine, wait_s=0.0) as url:
        remote = RemoteEngine(url)
        assert (remote.clip, remote.blip) == (engine.clip, engine.blip)
        assert (remote.dimensions, remote.device) == (engine.dimensions, engine.device)
        found = list(remote.infer(sent))
        (text,) = remote.embed_texts(["a red boat"])
    assert np.array_equal(text, engine.embed_texts(["a red boat"])[0])
    for ours, theirs in zip(here, found, strict=True):
        if isinstance(ours.vector, ItemError):
            assert isinstance(theirs.vector, ItemError) and isinstance(theirs.caption, ItemError)
        else:
            assert np.array_equal(ours.vector, theirs.vector) and ours.caption == theirs.caption
    assert sum(isinstance(each.vector, ItemError) for each in found) == 2


def test_texts_beyond_one_request_keep_their_order() -> None:
    with serving(FakeEngine(), texts=3) as url:
        texts = [f"text {number}" for number in range(10)] + ["it fails"]
        *vectors, failed = RemoteEngine(url, patience=QUICK).embed_texts(texts)
        (odd,) = RemoteEngine(url, patience=QUICK).embed_texts(["no unicode: \udcff"])
    assert all(np.array_equal(vector, vector_for(text.encode())) for vector, text in zip(vectors, texts, strict=False))
    assert failed == ItemError("undecodable", "as told") and np.array_equal(odd, vector_for(b"no unicode: ?"))


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_service_that_is_away_for_a_moment_is_asked_again(
    service: tuple[RemoteEngine, Scripted], status: int
) -> None:
    remote, script = service
    script.plan["/health"][:0] = [Answer(status, b"<html>"), Answer(status)]
    script.plan[INFER] = [Answer(status), Answer(status), Answer(body=answers(picture(1)))]
    (answer,) = remote.infer([picture(1)])
    assert np.array_equal(answer.vector, vector_for(picture(1)))
    assert (script.count("/health"), script.count(INFER), remote.counts()["tries_again"]) == (3, 3, 4)
    assert {headers["authorization"] for _, headers in script.seen} == {"Bearer token"}


def test_the_time_that_the_service_asks_for_is_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(patience, "sleep", waited.append)
    with scripted() as (url, script):
        busy = [Answer(503, headers={"Retry-After": "7"}), Answer(503, headers={"Retry-After": "soon"})]
        script.plan["/health"][:0] = busy
        assert RemoteEngine(url).dimensions == DIMENSIONS
    asked, backoff = waited
    assert 7 <= asked <= 10.5 and backoff < 1


@pytest.mark.parametrize("status", [502, 503])
def test_patience_ends_with_what_to_do(service: tuple[RemoteEngine, Scripted], status: int) -> None:
    remote, script = service
    script.plan[INFER] = [Answer(status, {"detail": "much to do"})]
    with pytest.raises(ServiceUnreachable, match=rf"{status} much to do.*INFERENCE_URL.*nothing is lost") as caught:
        list(remote.infer([picture(1)]))
    assert caught.value.retryable
    assert script.count(INFER) > 3


def test_a_service_that_is_not_there_is_told_soon() -> None:
    started = time.monotonic()
    with pytest.raises(ServiceUnreachable, match=r"http://127\.0\.0\.1:9 does not serve"):
        RemoteEngine("http://127.0.0.1:9", patience=QUICK).embed_texts(["x"])
    assert 0.3 <= time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(401), ServiceUnauthorized),
        (Answer(403), ServiceUnauthorized),
        (Answer(404, {"detail": "Not Found"}), ServiceRefused),
        (Answer(500, b"Internal Server Error"), ServiceFailed),
        (Answer(200, b"<html>a page</html>"), ServiceMismatch),
        (Answer(200, answers()), ServiceMismatch),
        (Answer(200, answers(picture(1))), ServiceMismatch),
        (Answer(200, answers(picture(2), picture(1))), ServiceMismatch),
        (Answer(200, answers(picture(1), picture(2), picture(3))), ServiceMismatch),
        (Answer(200, answers(picture(1), picture(2), models=models(dimensions=4))), ServiceChanged),
        (Answer(200, answers(picture(1), picture(2), models=models(clip=vars(FakeEngine.blip)))), ServiceChanged),
    ],
)
def test_an_answer_that_is_not_ours_is_an_error_and_never_a_shift(
    service: tuple[RemoteEngine, Scripted], answer: Answer, error: type[Exception]
) -> None:
    remote, script = service
    script.plan[INFER] = [answer]
    with pytest.raises(error):
        list(remote.infer([picture(1), picture(2)]))
    assert script.count(INFER) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"vector": None},
        {"vector": "?"},
        {"vector": encoded(np.zeros(3))},
        {"vector": encoded(np.full(DIMENSIONS, np.nan))},
        {"caption": None},
        {"content": "00"},
    ],
)
def test_a_result_with_something_missing_or_wrong_is_not_used(
    service: tuple[RemoteEngine, Scripted], change: dict[str, Any]
) -> None:
    remote, script = service
    answer = answers(picture(1))
    answer["results"][0] |= change
    script.plan[INFER] = [Answer(body=answer)]
    with pytest.raises(ServiceMismatch, match="same release"):
        list(remote.infer([picture(1)]))


@pytest.mark.parametrize("told", [health(interface=99), health(models=None), {"status": "ready"}, []])
def test_a_service_of_another_release_is_refused(service: tuple[RemoteEngine, Scripted], told: Any) -> None:
    remote, script = service
    script.plan["/health"] = [Answer(body=told)]
    with pytest.raises(ServiceMismatch, match="same release"):
        list(remote.infer([picture(1)]))


def test_after_other_models_have_come_the_next_run_uses_them(service: tuple[RemoteEngine, Scripted]) -> None:
    remote, script = service
    assert remote.dimensions == DIMENSIONS
    newer = models(blip=vars(FakeEngine.blip) | {"revision": "2"})
    script.plan["/health"] = [Answer(body=health(models=newer))]
    script.plan[INFER] = [Answer(body=answers(picture(1), models=newer))]
    with pytest.raises(ServiceChanged, match="Start again"):
        list(remote.infer([picture(1)]))
    assert len(list(remote.infer([picture(1)]))) == 1 and remote.blip.revision == "2"


def test_a_picture_that_the_service_would_refuse_costs_itself_only(service: tuple[RemoteEngine, Scripted]) -> None:
    remote, script = service
    script.plan[INFER] = [Answer(body=answers(picture(1)))]
    large, sound = remote.infer([JPEG + bytes(1_900_001), picture(1)])
    assert isinstance(large.vector, ItemError) and large.vector.kind == large.caption.kind == "too_large"
    assert np.array_equal(sound.vector, vector_for(picture(1)))


def test_a_service_that_loads_is_there_and_one_that_is_away_is_told(
    service: tuple[RemoteEngine, Scripted],
) -> None:
    remote, script = service
    script.plan["/health"] = [Answer(503, health(status="loading", models=None))]
    remote.ready()
    script.plan["/health"] = [Answer(body=b"<html>")]
    with pytest.raises(ServiceMismatch, match="INFERENCE_URL"):
        remote.ready()
    with pytest.raises(ServiceUnreachable, match="INFERENCE_URL"):
        RemoteEngine(f"http://127.0.0.1:{free_port()}", patience=QUICK).ready()


def test_the_services_measures_are_told_under_its_name_and_cost_no_finished_work(
    service: tuple[RemoteEngine, Scripted],
) -> None:
    remote, script = service
    script.plan["/health"] = [Answer(body=health(measures={"vector_memory_after_mb": 7.0}))]
    assert remote.measures() == {"service_vector_memory_after_mb": 7.0}
    for trouble in (Answer(500), Answer(200, b"<html>"), Answer(503)):
        script.plan["/health"] = [trouble]
        assert remote.measures() == {}
    assert RemoteEngine(f"http://127.0.0.1:{free_port()}", patience=QUICK).measures() == {}


# An ingest through a service in a process of its own, which dies.


class Mortal:
    """The fake engine's service in a process of its own on one port; it may die after some pictures."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[str] | None = None

    def start(self, *until_death: int) -> None:
        """Start it, on the same port as ever, and wait until it is ready."""
        command = [sys.executable, "-m", "tests.inference.services", str(self.port), *map(str, until_death)]
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
        assert self.process.stdout and self.process.stdout.readline() == f"{self.port}\n"

    def end(self) -> None:
        if self.process and self.process.stdout:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def rise_again(self) -> None:
        """Wait for its death, then start it."""
        assert self.process
        self.process.wait(60)
        self.end()
        self.start()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def mortal() -> Iterator[Mortal]:
    service = Mortal()
    yield service
    service.end()


@pytest.fixture
def through_service(settings: Settings, mortal: Mortal, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that name a service, not yet started, and a client that is soon out of patience with silence."""
    monkeypatch.setenv("INFERENCE_URL", f"http://127.0.0.1:{mortal.port}")
    patient = Patience(unreachable_s=20, first_wait_s=0.05)
    engines: dict[str, RemoteEngine] = {}
    monkeypatch.setattr(
        client_module, "remote_engine", lambda url, token: engines.setdefault(url, RemoteEngine(url, token, patient))
    )
    return load_settings()


def ingest_now(settings: Settings) -> Ingested:
    return ingest(settings, settings.library_roots, lambda total: lambda stage, photos: None)


def test_an_ingest_outlives_the_services_death_and_finishes_with_the_next_one(
    through_service: Settings, library: Path, mortal: Mortal
) -> None:
    mortal.start(4)  # dies with the second batch's request
    with ThreadPoolExecutor(1) as background:
        risen = background.submit(mortal.rise_again)
        ingested = ingest_now(through_service)
        risen.result(60)
    assert (ingested.counts["ok"], ingested.counts["pending"], ingested.failed) == (6, 0, {})
    engine = open_resource(through_service, "inference").engine()
    assert isinstance(engine, RemoteEngine) and engine.counts()["tries_again"] > 0
    with open_searcher(through_service) as searcher:
        assert len(searcher.find(Query("a photo"))) == 6


def test_without_the_service_the_ingest_stops_and_another_one_finishes(
    through_service: Settings, library: Path, mortal: Mortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = through_service.inference_url
    monkeypatch.setattr(client_module, "remote_engine", lambda *_: RemoteEngine(url, "", QUICK))
    mortal.start(4)
    with pytest.raises(ServiceUnreachable, match="INFERENCE_URL"):
        ingest_now(through_service)
    mortal.end()
    mortal.start()
    ingested = ingest_now(through_service)
    assert (ingested.counts["ok"], ingested.counts["pending"], ingested.failed) == (6, 0, {})


def test_the_definitions_bring_in_neither_side_of_the_service() -> None:
    program = "import sys, photo_assets.definitions; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"httpx", "fastapi", "uvicorn", "prometheus_client", "numpy"}.isdisjoint(loaded.stdout.split())


def test_threads_share_one_client() -> None:
    with serving(FakeEngine(), wait_s=0.0) as url, ThreadPoolExecutor(8) as callers:
        remote = RemoteEngine(url, patience=QUICK)
        starts = [100 * number for number in range(16)]
        found = list(callers.map(lambda start: list(remote.infer(picture(start + n) for n in range(50))), starts))
    for start, each in zip(starts, found, strict=True):
        assert all(right(picture(start + n), answer) for n, answer in enumerate(each)) and len(each) == 50
    assert threading.active_count() < 60
