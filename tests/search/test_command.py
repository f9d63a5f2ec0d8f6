"""`photos serve` as a person runs it: beside an ingest in another process, and until it is interrupted."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from photo_assets.settings import Settings
from tests.conftest import write_photo

PHOTOS_COMMAND = str(Path(sys.executable).parent / "photos")


def command(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    variables = os.environ | {"NO_COLOR": "1", "OMP_NUM_THREADS": "1"} | environment
    return subprocess.Popen([PHOTOS_COMMAND, *arguments], stderr=subprocess.PIPE, text=True, env=variables)


def ingest() -> None:
    with command("ingest") as done:
        assert done.wait(300) == 0, done.stderr.read()


@contextmanager
def served(**environment: str) -> Iterator[httpx.Client]:
    """A client of a ready service, which ends well when it is interrupted."""
    with command("serve", "--port", "0", **environment) as service:
        told = [next(service.stderr, ""), next(service.stderr, "")]
        assert "is ready" in told[-1], told + service.stderr.readlines()
        with httpx.Client(base_url=re.findall(r"http://\S+?:\d+", told[-1])[0], timeout=70) as client:
            try:
                yield client
            finally:
                service.send_signal(signal.SIGINT)
        assert (service.wait(30), service.stderr.read()) == (0, "")


def test_searches_are_answered_throughout_an_ingest_and_then_find_what_is_new(
    settings: Settings, library: Path
) -> None:
    ingest()
    with served(PHOTO_SERVE_ORIGINALS="true") as http:
        (first,) = http.get("/search", params={"text": "a boat", "limit": 1}).json()["hits"]
        original = http.get(http.get(f"/photos/{first['photo_id']}").json()["original"])
        assert original.content == Path(first["paths"][0]).read_bytes()
        new = {str(write_photo(library / f"new-{number}.jpg", seed=100 + number)) for number in range(5)}
        waits_s = []
        with command("ingest") as working:
            while working.poll() is None:
                asked = time.perf_counter()
                assert http.get("/search", params={"text": "a boat"}).status_code == 200
                waits_s.append(time.perf_counter() - asked)
                time.sleep(0.2)
            assert working.returncode == 0, working.stderr.read()
        assert len(waits_s) > 5 and max(waits_s) < 30
        found = http.get("/search", params={"folder": str(library)}).json()["hits"]
        assert new <= {path for hit in found for path in hit["paths"]}


def test_an_address_that_others_can_reach_needs_a_token(settings: Settings) -> None:
    with command("serve", "--host", "0.0.0.0") as refused:
        assert refused.wait(60) == 1 and "PHOTO_SEARCH_TOKEN" in refused.stderr.read()
    with served(PHOTO_SEARCH_TOKEN="a-long-secret", PHOTO_SERVE_HOST="0.0.0.0") as http:
        assert httpx.get(f"http://127.0.0.1:{http.base_url.port}/health").status_code == 401
