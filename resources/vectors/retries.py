"""Calling a Qdrant server: bounded retries, and the client's errors in the words of `errors.py`.

What belongs here: what counts as "not now" and how long to try. What is called is `server.py`. Every call this
room makes may be repeated, since ids make a second write an overwrite; the client itself never repeats a write.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from json import JSONDecodeError
from typing import TypeVar

import grpc
import httpx
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from resources.vectors.errors import (
    DiskFull,
    IndexRejected,
    IndexUnauthorized,
    IndexUnreachable,
    UnknownVersion,
    VectorIndexError,
)

T = TypeVar("T")
_CLIENT_ERRORS = (
    UnexpectedResponse,
    ResponseHandlingException,
    ResourceExhaustedResponse,
    httpx.HTTPError,
    AssertionError,  # how the client says that an answer has no result,
    JSONDecodeError,  # and that it is not JSON
    grpc.RpcError,
)
_NO_ROOM = 507
_FULL = ("no space left", "disk space")  # the operating system's words, and the server's where it looks ahead
_NOT_NOW = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED)
_NOT_YOU = {grpc.StatusCode.UNAUTHENTICATED: 401, grpc.StatusCode.PERMISSION_DENIED: 403}


@dataclass(frozen=True)
class RetryPolicy:
    """How often to try, and the waits between, which double.

    The defaults wait 3 s in all: a server that restarts is back by then, and a wrong address is soon reported.
    """

    attempts: int = 5
    first_wait_s: float = 0.2
    longest_wait_s: float = 5.0

    def wait_s(self, attempt: int) -> float:
        """The seconds to wait after the failed attempt number `attempt`, counted from 0."""
        return min(self.first_wait_s * 2**attempt, self.longest_wait_s)


def call(action: Callable[[], T], policy: RetryPolicy, url: str, version: str = "") -> T:
    """The result of `action`, tried again while the server is unreachable or overloaded.

    Raises IndexUnreachable after the last attempt; IndexUnauthorized, DiskFull, UnknownVersion, IndexRejected at once.
    """
    for attempt in range(policy.attempts):
        try:
            return action()
        except _CLIENT_ERRORS as error:
            translated = _translate(error, url, version)
            if not translated.retryable or attempt + 1 == policy.attempts:
                raise translated from error
        time.sleep(policy.wait_s(attempt))
    raise ValueError("a policy makes at least one attempt")


def _translate(error: Exception, url: str, version: str) -> VectorIndexError:
    match error:
        case UnexpectedResponse(status_code=status):
            return _translate_status(error, status, url, version)
        case ResponseHandlingException(source=source) if not isinstance(source, httpx.TransportError):
            return IndexRejected(url, None, f"its answer cannot be read: {source}")
        case grpc.RpcError():
            return _translate_rpc(error, url, version)
        case AssertionError() | JSONDecodeError():
            return IndexRejected(url, None, f"its answer is not Qdrant's: {error}")
    return IndexUnreachable(url, str(error).rstrip(".") or type(error).__name__)


def _says_full(told: str) -> bool:
    """Whether a server's answer says so: Qdrant has no status of its own for it."""
    return any(words in told.lower() for words in _FULL)


def _translate_rpc(error: grpc.RpcError, url: str, version: str) -> VectorIndexError:
    code, told = error.code(), error.details() or ""
    if _says_full(told):
        return DiskFull(url, told)
    if code in _NOT_YOU:
        return IndexUnauthorized(url, _NOT_YOU[code])
    if code in _NOT_NOW:
        return IndexUnreachable(url, f"{code.name}: {told}")
    if code is grpc.StatusCode.NOT_FOUND and version and "doesn't exist" in told:
        return UnknownVersion(version)
    status = httpx.codes.CONFLICT if code is grpc.StatusCode.ALREADY_EXISTS else None
    return IndexRejected(url, status, f"{code.name}: {told}")


def _translate_status(error: UnexpectedResponse, status: int | None, url: str, version: str) -> VectorIndexError:
    if status in (401, 403):
        return IndexUnauthorized(url, status)
    if status == _NO_ROOM or _says_full(error.content.decode("utf-8", "replace")):
        return DiskFull(url, str(error))
    if status == 429 or (status or 0) >= 500:
        return IndexUnreachable(url, str(error))
    if status == 404 and version and b"doesn't exist" in error.content:
        return UnknownVersion(version)
    return IndexRejected(url, status, str(error))
