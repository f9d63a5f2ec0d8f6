"""Running a service: who may bind where, what loads beside the server, and the end."""

import gc
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import LOGGING_CONFIG

from resources.web.errors import CannotListen, UnsafeAddress

# More connections than that wait in the system's own queue; each costs a little memory even when it sends nothing.
_CONNECTIONS = 512
_IDLE_S = 30  # a client that reads the next pictures from disk need not connect again
_LOG = logging.getLogger("uvicorn.error")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


class Listener:
    """An address that is held from here on, port 0 for one that the system chooses.

    Raises UnsafeAddress for an address that others can reach, unless there is a token; CannotListen if it is taken.
    """

    def __init__(self, host: str, port: int, token: str, variable: str) -> None:
        if not token and not is_loopback(host):
            raise UnsafeAddress(host, variable)
        self.socket = _listening(host, port)
        self.port = int(self.socket.getsockname()[1])
        self.names = [*_LOOPBACK_NAMES, host]


class WebServer:
    """An application behind an address. `load` makes it ready while it already answers."""

    def __init__(self, app: ASGIApp, listener: Listener, load: Callable[[], None], shutdown_s: int) -> None:
        self.port = listener.port
        self._socket, self._load = listener.socket, load
        self._server = _Server(_config(app, shutdown_s))
        self._failure: Exception | None = None

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until told to stop by a signal or by `stop`. Raises what loading raises, and what `fail` was told."""
        threading.Thread(target=self._make_ready, args=(on_ready,), daemon=True).start()
        self._server.run([self._socket])
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Take no more requests, answer those that were accepted, and end."""
        self._server.should_exit = True

    def fail(self, error: Exception) -> None:
        """Stop, with this error as the reason."""
        self._failure = error
        self.stop()

    def _make_ready(self, on_ready: Callable[[], None]) -> None:
        try:
            self._load()
            # What is loaded stays: looking through it at every collection makes slow answers, and a slow end.
            gc.freeze()
            on_ready()
        except Exception as error:  # told by run
            self.fail(error)


class _Server(uvicorn.Server):
    """uvicorn's, but that it only ends: raised anew as there, a SIGTERM would leave what is around it unclosed."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Answer what was accepted and end; told twice, end without, and without a word about what was broken off."""
        self.force_exit = _LOG.disabled = self.should_exit
        self.should_exit = True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url_of(host: str, port: int) -> str:
    """The address as one types it."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CannotListen(host, port, error.strerror or str(error)) from error


def _config(app: ASGIApp, shutdown_s: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ws="none",
        log_level="warning",
        # A process that has said how it logs means this too.
        log_config=None if logging.getLogger().handlers else LOGGING_CONFIG,
        access_log=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=shutdown_s,
    )
