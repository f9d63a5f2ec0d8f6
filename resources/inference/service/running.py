"""Running the service: who may bind where, the models' loading beside the server, and the end."""

import ipaddress
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from resources.inference.errors import CannotListen, UnsafeAddress
from resources.inference.port import InferenceEngine
from resources.inference.service.app import build_app
from resources.inference.service.limits import Limits
from resources.inference.service.serving import Serving

# More connections than that wait in the system's own queue; each costs a little memory even when it sends nothing.
_CONNECTIONS = 512
_IDLE_S = 30  # a client that reads the next pictures from disk need not connect again
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class InferenceServer:
    """The service on one address, port 0 for one that the system chooses.

    Raises UnsafeAddress for an address that others can reach, unless there is a token; CannotListen if it is taken.
    """

    def __init__(
        self, engine: InferenceEngine, host: str, port: int, token: str = "", limits: Limits | None = None
    ) -> None:
        if not token and not is_loopback(host):
            raise UnsafeAddress(host)
        self._socket = _listening(host, port)
        self.port = int(self._socket.getsockname()[1])
        self._serving = Serving(engine, limits or Limits())
        self._server = uvicorn.Server(_config(self._serving, token, host))
        self._failure: Exception | None = None

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until told to stop by a signal or by `stop`. Raises what loading the models raises."""
        threading.Thread(target=self._load, args=(on_ready,), daemon=True).start()
        with suppress(KeyboardInterrupt):  # the usual way to end it; what was accepted has been answered by then
            self._server.run([self._socket])
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Take no more requests, answer those that were accepted, and end."""
        self._server.should_exit = True

    def _load(self, on_ready: Callable[[], None]) -> None:
        try:
            self._serving.load()
            on_ready()
        except Exception as error:  # told by run
            self._failure = error
            self.stop()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CannotListen(host, port, error.strerror or str(error)) from error


def _config(serving: Serving, token: str, host: str) -> uvicorn.Config:
    return uvicorn.Config(
        build_app(serving, token, [*_LOOPBACK_NAMES, host]),
        ws="none",
        log_level="warning",
        access_log=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=serving.limits.shutdown_s,
    )
