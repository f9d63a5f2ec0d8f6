"""The engine behind the service: loaded once, warm, reached through queues that merge requests.

No HTTP here: app.py turns requests into these calls.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

from PIL import Image

from resources.inference.errors import DeviceLost, ModelError
from resources.inference.port import InferenceEngine, Inferred, ItemError
from resources.inference.service.limits import Limits
from resources.inference.service.merging import Merger
from resources.inference.service.messages import Models, model_of
from resources.inference.service.metrics import Metrics

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"

# For an engine that does not say how many pictures its device takes at once.
_USUAL_BATCH = 32


@dataclass(frozen=True)
class Asked:
    """What is wanted of a picture; only those of equal wishes share a batch."""

    embed: bool
    caption: bool


class Serving:
    """An engine with a queue for pictures and one for texts, so that a search need not wait behind an ingest.

    `on_loss` is told when the device is lost, after which nothing can be answered.
    """

    def __init__(self, engine: InferenceEngine, limits: Limits, on_loss: Callable[[DeviceLost], None]) -> None:
        self._engine, self.limits, self._on_loss = engine, limits, on_loss
        self.metrics = Metrics(waiting=lambda: len(self._pictures))
        self.models: Models | None = None
        self._pictures = Merger(
            self._infer, self._device_batch, limits.queue, limits.wait_s, partial(self.metrics.batch, "pictures")
        )
        self._texts = Merger(
            self._embed_texts, lambda: limits.texts, limits.texts, limits.wait_s, partial(self.metrics.batch, "texts")
        )

    def load(self) -> None:
        """Load both models and let each work once, so that the first request finds them warm. Raises ModelError."""
        (answer,) = self._engine.infer([_any_picture()])
        failure = next((each for each in (answer.vector, answer.caption) if isinstance(each, ItemError)), None)
        if failure:
            raise ModelError(f"the models fail with a first picture: {failure.message}; free memory or set others")
        self._engine.embed_texts(["a photo"])
        clip, blip = model_of(self._engine.clip), model_of(self._engine.blip)
        self.models = Models(clip=clip, blip=blip, dimensions=self._engine.dimensions, device=self._engine.device)

    def infer(self, pictures: Sequence[bytes], asked: Asked) -> Future[list[Inferred]]:
        """One answer per picture, in order. Raises QueueFull."""
        return self._pictures.submit(asked, [self._admitted(picture) for picture in pictures])

    def embed_texts(self, texts: Sequence[str]) -> Future[list[Any]]:
        """One vector or ItemError per text, in order. Raises QueueFull."""
        return self._texts.submit(None, texts)

    def waiting(self) -> int:
        """Pictures in the queue."""
        return len(self._pictures)

    def measures(self) -> dict[str, float]:
        """What the engine tells of its work."""
        told = {**self._engine.measures(), **self._engine.counts()}
        return {name: float(measure) for name, measure in told.items()}

    def close(self) -> None:
        """Answer what was accepted, then end."""
        self._pictures.close()
        self._texts.close()

    def _admitted(self, picture: bytes) -> bytes | ItemError:
        """The picture if it may go to the engine: judged by its bytes, whatever its name says."""
        if len(picture) > self.limits.file_bytes:
            most = self.limits.file_bytes
            return ItemError("too_large", f"{len(picture):,} bytes where {most:,} are allowed; send a smaller preview")
        if not picture.startswith((_JPEG, _PNG)):
            return ItemError("unsupported", "neither a JPEG nor a PNG; send a preview of it as one of these")
        return picture

    def _infer(self, asked: Asked, pictures: Sequence[bytes | ItemError]) -> list[Inferred]:
        with self._telling_of_loss():
            return list(self._engine.infer(pictures, embed=asked.embed, caption=asked.caption))

    def _embed_texts(self, _: None, texts: Sequence[str]) -> list[Any]:
        with self._telling_of_loss():
            return self._engine.embed_texts(texts)

    @contextmanager
    def _telling_of_loss(self) -> Iterator[None]:
        try:
            yield
        except DeviceLost as lost:
            self.models = None
            self._on_loss(lost)
            raise

    def _device_batch(self) -> int:
        sizes = [int(size) for name, size in self._engine.measures().items() if name.endswith("_batch")]
        return max(sizes, default=_USUAL_BATCH)


def _any_picture() -> bytes:
    encoded = BytesIO()
    Image.new("RGB", (64, 64)).save(encoded, "PNG")
    return encoded.getvalue()
