"""A stand-in for a Qdrant server, which is none: a part of its REST API on loopback, that misbehaves on order.

    python -m tests.vectors.qdrant_stand_in --port 6333 [--host 127.0.0.1] [--api-key K] [--read-only-key K]
        [--storage FILE] [--down-for SECONDS]

It shows what this platform does against a server that behaves as Qdrant's REST API is described, and against one that
fails. It shows nothing of Qdrant's own speed, disk, graphs, gRPC or snapshots (see `stand_in_routes.py`).

A test uses `StandIn`. Where it is a process of its own, faults are ordered over HTTP: POST /stand-in/faults with the
fields of `stand_in_faults.Fault` as JSON, POST /stand-in/down?seconds=3, DELETE /stand-in/faults.
"""

import argparse
import base64
import contextlib
import json
import signal
import socket
import struct
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.vectors.stand_in_faults import Fault, Faults
from tests.vectors.stand_in_routes import RELEASE, Collections, Raw, Refused

_READS = ("/points/query", "/points/scroll", "/points/count", "/points/query/batch", "/points")


class Request(NamedTuple):
    """What came in."""

    method: str
    path: str
    asked: dict[str, str]
    key: str
    body: bytes

    @property
    def line(self) -> str:
        """What faults are ordered by."""
        return f"{self.method} {self.path}"

    @property
    def only_reads(self) -> bool:
        """Whether a read-only key may ask this."""
        return self.method == "GET" or (self.method == "POST" and self.path.endswith(_READS))


class StandIn:
    """The server in a thread of this process, from `start` to `stop`; what it holds outlives being stopped."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0, api_key: str = "", read_only_key: str = "") -> None:
        self.collections, self.faults = Collections(), Faults()
        self.seen: list[str] = []
        self._address = (host, port)
        self._api_key, self._read_only_key = api_key, read_only_key
        self._http: _Server | None = None

    @property
    def url(self) -> str:
        """Its address; the port stays the same from the first start on."""
        return f"http://{self._address[0]}:{self._address[1]}"

    def start(self) -> Self:
        """Begin to listen."""
        self._http = _Server(self._address, self)
        self._address = self._http.server_address[:2]
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Refuse connections, and break off those there are, as a killed server does."""
        if self._http:
            self._http.shutdown()
            self._http.server_close()
            self._http.break_off()
            self._http = None

    def go_down(self, seconds: float) -> None:
        """Stop now, and start again after a while."""
        self.stop()
        threading.Timer(seconds, self.start).start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answer(self, request: Request) -> Any:
        """What a server that behaves answers. Raises Refused."""
        if request.path in ("/", "/healthz", "/livez", "/readyz"):
            return {"title": "a stand-in for Qdrant", "version": RELEASE}
        if self._api_key and request.key != self._api_key:
            if request.key != self._read_only_key or not request.key:
                raise Refused(401, "Must provide an API key or an Authorization bearer token")
            if not request.only_reads:
                raise Refused(403, "Forbidden: Write access to the collection is required")
        if request.path.startswith("/stand-in/"):
            return self._order(request)
        return self.collections.answer(request.method, request.path, request.asked, request.body)

    def save(self, file: Path) -> None:
        """Write everything into one file, for `load`."""
        packed = {name: base64.b64encode(self.collections.packed(name)).decode() for name in self.collections.names()}
        aliases = self.collections.answer("GET", "/aliases", {}, b"")["aliases"]
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps({"collections": packed, "aliases": aliases}))
        fresh.replace(file)

    def load(self, file: Path) -> None:
        """Hold what `save` wrote; nothing where there is no such file."""
        if not file.exists():
            return
        content = json.loads(file.read_text())
        for name, packed in content["collections"].items():
            self.collections.unpack(name, base64.b64decode(packed))
        actions = {"actions": [{"create_alias": alias} for alias in content["aliases"]]}
        self.collections.answer("POST", "/collections/aliases", {}, json.dumps(actions).encode())

    def _order(self, request: Request) -> Any:
        if request.path == "/stand-in/down":
            threading.Timer(0.1, self.go_down, (float(request.asked["seconds"]),)).start()
        elif request.method == "DELETE":
            self.faults.clear()
        else:
            self.faults.order(**json.loads(request.body))
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def break_off(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Quiet: a client that gave up waiting is what the test is about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_any(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        key = self.headers.get("api-key", "") or self.headers.get("authorization", "").removeprefix("Bearer ")
        request = Request(self.command, unquote(address.path), dict(parse_qsl(address.query)), key, body)
        stand_in = self.server.stand_in
        stand_in.seen.append(request.line)
        fault = None if request.path.startswith("/stand-in/") else stand_in.faults.of(request.line)
        if not fault or not self._misbehave(fault, request):
            self._send(*self._answer(request))

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def _misbehave(self, fault: Fault, request: Request) -> bool:
        """Do what was ordered; False where the request is answered all the same."""
        match fault.kind:
            case "late":
                time.sleep(fault.seconds)
                return False
            case "status":
                self._send(fault.status, json.dumps({"status": {"error": fault.message}, "time": 0.0}).encode())
                return True
            case "lost":
                self._answer(request)
            case "reset":  # a linger of 0 s: the close is a reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        return True

    def _answer(self, request: Request) -> tuple[int, bytes]:
        try:
            result = self.server.stand_in.answer(request)
        except Refused as error:
            return error.status, json.dumps({"status": {"error": error.reason}, "time": 0.0}).encode()
        except Exception as error:  # the stand-in's own mistake, to be seen and not waited for
            return 500, json.dumps({"status": {"error": f"the stand-in failed: {error!r}"}, "time": 0.0}).encode()
        if request.path == "/":
            return 200, json.dumps(result).encode()
        if isinstance(result, Raw):
            return 200, result.content
        return 200, json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description="a stand-in for a Qdrant server, for tests; it is not Qdrant")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=6333)
    parser.add_argument("--api-key", default="")
    parser.add_argument("--read-only-key", default="")
    parser.add_argument(
        "--storage", type=Path, help="a file to keep everything in: read at the start, written at the end"
    )
    parser.add_argument("--down-for", type=float, default=0.0, help="seconds before it begins to listen")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # the in-memory mode warns of what it is
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    stand_in = StandIn(asked.host, asked.port, asked.api_key, asked.read_only_key)
    if asked.storage:
        stand_in.load(asked.storage)
    ended.wait(asked.down_for)
    with stand_in:
        print(f"a stand-in for Qdrant listens on {stand_in.url}", flush=True)
        ended.wait()
    if asked.storage:
        stand_in.save(asked.storage)


if __name__ == "__main__":
    main()
