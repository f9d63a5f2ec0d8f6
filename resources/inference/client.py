"""The inference port over HTTP: the engine of an inference service as if it were this process's own.

What belongs here: cutting pictures into requests, a few of them in flight, and checking that each answer belongs to its
question. Asking until there is an answer is calls.py's, what travels is service/messages.py's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from resources.inference.calls import Calls
from resources.inference.errors import ServiceMismatch
from resources.inference.patience import Patience
from resources.inference.pictures import content_key
from resources.inference.port import Inferred, ItemError, Provenance
from resources.inference.service.messages import (
    Accepted,
    PictureAnswers,
    TextAnswers,
    inferred_of,
    vector_of,
)

if TYPE_CHECKING:
    from resources.inference.port import Vector

# Small enough that a bar moves while a CPU captions, large enough that those in flight fill a GPU's batch.
_PICTURES_AT_ONCE = 32
_BYTES_AT_ONCE = 16_000_000
_IN_FLIGHT = 8

# A form's own lines, some 150 bytes for each file.
_FORM_BYTES = 100_000


class RemoteEngine:
    """CLIP and BLIP of the service at `url`. Callers may be threads. Every method may raise ServiceError."""

    def __init__(self, url: str, token: str = "", patience: Patience | None = None) -> None:
        self._url = url
        self._calls = Calls(url, token, patience or Patience())

    @property
    def clip(self) -> Provenance:
        """What makes the embeddings."""
        return Provenance(**self._calls.models().clip.model_dump())

    @property
    def blip(self) -> Provenance:
        """What makes the captions."""
        return Provenance(**self._calls.models().blip.model_dump())

    @property
    def dimensions(self) -> int:
        """Length of an embedding."""
        return self._calls.models().dimensions

    @property
    def device(self) -> str:
        """cuda, mps or cpu, where the service runs."""
        return self._calls.models().device

    def infer(
        self, pictures: Iterable[bytes | ItemError], *, embed: bool = True, caption: bool = True
    ) -> Iterator[Inferred]:
        """One answer per picture, in order, while later pictures are still read; an ItemError passes through."""
        windows = _windows(pictures, self._calls.health().accepted)
        flying: deque[Future[list[Inferred]]] = deque()
        senders = ThreadPoolExecutor(_IN_FLIGHT, "infer")
        try:
            while True:
                for window in islice(windows, _IN_FLIGHT - len(flying)):
                    flying.append(senders.submit(self._infer, window, embed, caption))
                if not flying:
                    return
                yield from flying.popleft().result()
        finally:
            senders.shutdown(cancel_futures=True)

    def embed_texts(self, texts: Sequence[str]) -> list[Vector | ItemError]:
        """One float32 (dimensions,) vector of norm 1 per text, or its error, in order."""
        most = self._calls.health().accepted.texts
        texts = [text.encode(errors="replace").decode() for text in texts]  # a terminal may give what is no Unicode
        parts = [texts[start : start + most] for start in range(0, len(texts), most)]
        return [vector for part in parts for vector in self._embed_texts(part)]

    def ready(self) -> None:
        """See that a service answers at the URL, be it still loading its models. Raises ServiceError."""
        self._calls.reach()

    def warm_up(self) -> None:
        """Nothing to do here: the service has its models loaded."""

    def measures(self) -> Mapping[str, int | float]:
        """What the service tells of itself, which other clients' work is part of; `service_` before each name."""
        return {f"service_{name}": measure for name, measure in self._calls.measures().items()}

    def counts(self) -> Mapping[str, int]:
        """Pictures and requests sent, and how often a request had to be tried again."""
        return self._calls.counts()

    def _infer(self, window: Sequence[bytes | ItemError], embed: bool, caption: bool) -> list[Inferred]:
        sent = [picture for picture in window if isinstance(picture, bytes)] if embed or caption else []
        answers = iter(self._ask(sent, embed, caption) if sent else [])
        passed = (picture if isinstance(picture, ItemError) else None for picture in window)
        asked = embed or caption
        return [
            next(answers) if error is None and asked else Inferred(error if embed else None, error if caption else None)
            for error in passed
        ]

    def _ask(self, pictures: Sequence[bytes], embed: bool, caption: bool) -> list[Inferred]:
        self._calls.count("pictures", len(pictures))
        files = [("files", (str(place), picture)) for place, picture in enumerate(pictures)]
        answers = self._calls.ask(
            "/batch_embed_and_caption", PictureAnswers, params={"embed": embed, "caption": caption}, files=files
        )
        self._check_order([content_key(picture) for picture in pictures], answers.results)
        try:
            return [inferred_of(result, embed, caption, answers.models.dimensions) for result in answers.results]
        except ValueError as error:
            raise ServiceMismatch(self._url, str(error)) from error

    def _embed_texts(self, texts: Sequence[str]) -> list[Vector | ItemError]:
        answers = self._calls.ask("/embed_text", TextAnswers, json={"texts": list(texts)})
        self._check_order([content_key(text.encode()) for text in texts], answers.results)
        try:
            return [vector_of(result, answers.models.dimensions) for result in answers.results]
        except ValueError as error:
            raise ServiceMismatch(self._url, str(error)) from error

    def _check_order(self, keys: Sequence[bytes], results: Sequence[Any]) -> None:
        """An answer for each question and in its place, or none at all: a shift would give photos others' vectors."""
        if [key.hex() for key in keys] != [result.content for result in results]:
            raise ServiceMismatch(self._url, f"{len(results)} answers do not belong to {len(keys)} questions in order")


def _windows(pictures: Iterable[bytes | ItemError], accepted: Accepted) -> Iterator[list[bytes | ItemError]]:
    """Cut the pictures into requests of bounded count and bytes."""
    most = min(_BYTES_AT_ONCE, accepted.body_bytes - _FORM_BYTES)
    count = min(_PICTURES_AT_ONCE, accepted.files)
    window: list[bytes | ItemError] = []
    window_bytes = 0
    for picture in pictures:
        size = len(picture) if isinstance(picture, bytes) else 0
        if window and (len(window) == count or window_bytes + size > most):
            yield window
            window, window_bytes = [], 0
        window.append(_admitted(picture, accepted))
        window_bytes += size
    if window:
        yield window


def _admitted(picture: bytes | ItemError, accepted: Accepted) -> bytes | ItemError:
    """The picture, unless the service would refuse the whole request for it."""
    most = min(accepted.file_bytes, accepted.body_bytes - _FORM_BYTES)
    if isinstance(picture, bytes) and len(picture) > most:
        message = (
            f"{len(picture):,} bytes where the inference service takes {most:,}; set PHOTO_INFERENCE_BODY_MB there"
        )
        return ItemError("too_large", message)
    return picture


@lru_cache(maxsize=1)
def remote_engine(url: str, token: str = "") -> RemoteEngine:
    """The process's one client of this service: every run in this process shares its connections."""
    return RemoteEngine(url, token)
