"""How the services end: by Ctrl-C in a terminal, by SIGTERM from Docker or systemd; as processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from photo_assets.settings import Settings
from tests.inference.services import FakeEngine, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def inference_url() -> Iterator[str]:
    """Models that need no loading."""
    with serving(FakeEngine()) as url:
        yield url


def test_sigterm_ends_photos_serve_quietly_and_closes_what_it_had_open(
    settings: Settings, inference_url: str, tmp_path: Path
) -> None:
    (tmp_path / "temporary").mkdir()
    environment = os.environ | {"INFERENCE_URL": inference_url, "TMPDIR": str(tmp_path / "temporary")}
    command = [str(Path(sys.executable).parent / "photos"), "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as service:
        assert service.stderr is not None
        assert any("is ready" in line for line in service.stderr)
        assert list((tmp_path / "temporary").iterdir())
        service.terminate()
        assert service.stderr.read() == ""
    # The folder for query pictures and the collection are closed by the same end of the same block.
    assert service.returncode == 0 and list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM], ids=lambda told: told.name)
def test_a_service_answers_what_it_accepted_unless_it_is_told_twice(told: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.inference.services", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as service:
        assert service.stdout is not None and service.stderr is not None
        port = int(service.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"POST /embed_text HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
            time.sleep(0.2)
            service.send_signal(told)
            time.sleep(1)
            assert service.poll() is None
            service.send_signal(told)
            service.wait(10)
        assert service.stderr.read() == ""
    assert service.returncode == 0
