"""A container's health check: says whether its service is ready, and imports nothing that takes time."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from photo_assets.ready import trouble


class _Service(BaseHTTPRequestHandler):
    """Ready for who has the token, loading at /loading."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == "Bearer token"
        self.send_response(503 if self.path == "/loading" else 200 if known else 401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Service) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def asked(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "photo_assets.ready", *arguments], env=environment, capture_output=True, text=True
    )


def test_a_service_is_ready_when_it_says_so_to_who_has_the_token(url: str) -> None:
    assert trouble(f"{url}/health", "token") == ""
    assert "401" in trouble(f"{url}/health")
    assert "503" in trouble(f"{url}/loading", "token")


def test_a_proxy_of_the_environment_is_not_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    assert trouble(f"{url}/health", "token") == ""


def test_where_nobody_listens_the_exit_code_and_a_line_say_so() -> None:
    done = asked("http://127.0.0.1:1/health", "INFERENCE_TOKEN", INFERENCE_TOKEN="canary")
    assert done.returncode == 1
    assert done.stderr.startswith("http://127.0.0.1:1/health is not ready: ")
    assert "canary" not in done.stderr


def test_the_check_imports_the_standard_library_only() -> None:
    code = "import sys, photo_assets.ready; print(sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True).stdout
    assert not {"dagster", "pydantic", "httpx", "resources"} & set(loaded.replace("'", "").strip("[]\n").split(", "))
