"""What a request must pass before any of its body is taken: access, the limits of bytes and time; and its counting.

Plain ASGI around the application, because a framework reads the whole body before the application's own checks run.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resources.web.access import CLOSE, Access, Refused
from resources.web.limits import MB, RequestLimits


class Gate:
    """Around the application; `count` is told the route, the status and the seconds of each request."""

    def __init__(
        self, app: ASGIApp, limits: RequestLimits, access: Access, count: Callable[[str, int, float], None]
    ) -> None:
        self._app, self._limits, self._access, self._count = app, limits, access, count
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer it with a refusal."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, answered = time.perf_counter(), _Status(send)
        try:
            await self._admit(scope, receive, answered)
        except Refused as refused:
            answer = JSONResponse({"detail": refused.detail}, refused.status, refused.headers)
            await answer(scope, receive, answered)
        finally:
            # The route and not the path, of which anybody can invent any number.
            route = getattr(scope.get("route"), "path", "none")
            self._count(route, answered.status, time.perf_counter() - started)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        self._access.check(scope["path"], scope["query_string"].decode("latin-1"), headers)
        expected = self._expected_bytes(headers)
        self._held_bytes += expected
        try:
            await self._app(scope, _Metered(receive, expected, self._limits.read_s), send)
        finally:
            self._held_bytes -= expected

    def _expected_bytes(self, headers: Headers) -> int:
        """The body's length as announced, or the most it may have where none is."""
        most = self._limits.body_bytes
        length = headers.get("content-length", "")
        expected = int(length) if length.isdecimal() else most if "transfer-encoding" in headers else 0
        if expected > most:
            raise Refused(413, _too_long(most), CLOSE)
        if expected and self._held_bytes + expected > self._limits.held_bytes:
            raise Refused(503, "the service is busy; try again after a while", {"Retry-After": "1"})
        return expected


@dataclass
class _Status:
    """Sends on, and remembers the status; 499 is what proxies note for a client that went away unanswered."""

    send: Send
    status: int = 499

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self.send(message)


class _Metered:
    """Receives a body of at most `most` bytes within `read_s` seconds; what follows the body may take its time."""

    def __init__(self, receive: Receive, most: int, read_s: float) -> None:
        self._receive, self._most, self._left, self._whole = receive, most, most, False
        self._deadline = asyncio.get_running_loop().time() + read_s

    async def __call__(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "the body did not come in time; send less at once", CLOSE) from None
        self._take(message)
        return message

    def _take(self, message: dict[str, Any] | Message) -> None:
        self._left -= len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._left < 0:
            raise HTTPException(413, _too_long(self._most), CLOSE)


def _too_long(most: int) -> str:
    return f"a request may have {most / MB:g} MB; send less at once"
