"""Calls to an inference service: tried again while it is away or busy, its refusals in the words of errors.py.

What belongs here: one request and its answer as a whole. What does not: pictures, their order and their results
(client.py).
"""

import threading
import weakref
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from resources.inference.errors import (
    ServiceChanged,
    ServiceError,
    ServiceFailed,
    ServiceMismatch,
    ServiceRefused,
    ServiceUnauthorized,
    ServiceUnreachable,
)
from resources.inference.patience import Patience, Waiting
from resources.inference.service.messages import INTERFACE, Health, Models, PictureAnswers, TextAnswers

Message = TypeVar("Message", bound=BaseModel)
Answers = TypeVar("Answers", PictureAnswers, TextAnswers)

# Reading takes as long as a full queue on a CPU; the service itself gives up earlier.
_TIMEOUT = httpx.Timeout(connect=5.0, write=60.0, read=660.0, pool=None)
_AWAY = (502, 504)  # what a proxy says of a service that it does not reach
_BUSY = 503


class Calls:
    """A connection to the service at `url`. Callers may be threads."""

    def __init__(self, url: str, token: str, patience: Patience) -> None:
        self._url, self._patience = url, patience
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=_TIMEOUT)
        weakref.finalize(self, self._client.close)  # an engine has no end of its own
        self._health: Health | None = None
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()

    def health(self) -> Health:
        """What the service is and accepts, asked for once. Raises ServiceError."""
        if self._health is None:
            self._health = self._sound(self._send(lambda: self._client.get("/health")))
        return self._health

    def reach(self) -> None:
        """See that a service is there now; one that is loading or full will do. Raises ServiceError."""
        response = self._send(lambda: self._client.get("/health"), until_free=False)
        if response.status_code != _BUSY:
            self._health = self._sound(response)

    def measures(self) -> Mapping[str, float]:
        """What the service tells of its work at this moment; nothing if it does not answer at once."""
        try:
            return self._sound(self._client.get("/health")).measures
        except (httpx.TransportError, ServiceError):  # the work is done, and must not be lost for its figures
            return {}

    def models(self) -> Models:
        """The models that answer. Raises ServiceError."""
        models = self.health().models
        if models is None:
            raise ServiceMismatch(self._url, "it does not say which models it has")
        return models

    def ask(self, path: str, kind: type[Answers], **request: Any) -> Answers:
        """The service's answers, made by the models of which `models` tells. Raises ServiceError."""
        expected = self.models()
        answers = self._read(self._send(lambda: self._client.post(path, **request)), kind)
        if answers.models != expected:
            self._health = None  # so that the next run begins with what is there now
            raise ServiceChanged(self._url)
        return answers

    def count(self, what: str, by: int = 1) -> None:
        """Add to what `counts` tells."""
        with self._counting:
            self._counts[what] += by

    def counts(self) -> dict[str, int]:
        """Requests, how often one was tried again, and what the client counts."""
        return {what: self._counts[what] for what in ("pictures", "requests", "tries_again")}

    def _send(self, request: Callable[[], httpx.Response], *, until_free: bool = True) -> httpx.Response:
        waiting = Waiting(self._patience)
        self.count("requests")
        while True:
            is_busy, retry_after_s = False, 0.0
            try:
                response = request()
            except httpx.TransportError as error:
                reason = str(error) or type(error).__name__
            else:
                is_busy = response.status_code == _BUSY
                if response.status_code not in _AWAY and not (is_busy and until_free):
                    return response
                retry_after_s = _retry_after_s(response)
                reason = f"{response.status_code} {_detail(response)}"
            if not waiting.again(is_busy, retry_after_s):
                raise ServiceUnreachable(self._url, reason, waiting.waited_s)
            self.count("tries_again")

    def _sound(self, response: httpx.Response) -> Health:
        health = self._read(response, Health)
        if health.interface != INTERFACE:
            raise ServiceMismatch(self._url, f"it speaks interface {health.interface}, and not {INTERFACE}")
        return health

    def _read(self, response: httpx.Response, kind: type[Message]) -> Message:
        if response.status_code in (401, 403):
            raise ServiceUnauthorized(self._url)
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise ServiceFailed(self._url, response.status_code, _detail(response))
        if response.status_code != httpx.codes.OK:
            raise ServiceRefused(self._url, response.status_code, _detail(response))
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise ServiceMismatch(self._url, str(error).splitlines()[0]) from error


def _retry_after_s(response: httpx.Response) -> float:
    after = response.headers.get("retry-after", "")
    return float(after) if after.isdecimal() else 0.0


def _detail(response: httpx.Response) -> str:
    """What the service says of it, cut where it is a page of some other program."""
    try:
        said = str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        said = response.text.strip() or response.reason_phrase
    return said[:200]
