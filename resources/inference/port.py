"""The inference port: what the assets and the search may ask of the models.

Pictures are encoded: the bytes of a JPEG or a PNG, such as a preview, because that is what lies on disk and what
travels to an inference service. Every answer stands in its question's place, a result or an ItemError, so a picture
that fails never shifts another's result. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    Vector = np.ndarray


@dataclass(frozen=True)
class ItemError:
    """Why one item has no result."""

    kind: str
    message: str


@dataclass(frozen=True)
class Provenance:
    """Which model made a row, and of captions how: written beside every vector and caption."""

    model: str
    revision: str
    preprocessing: str
    dtype: str
    decoding: str = ""


@dataclass(frozen=True)
class Inferred:
    """What the models say of one picture; None for what was not asked.

    `vector` is float32 (dimensions,) of norm 1.
    """

    vector: Vector | ItemError | None = None
    caption: str | ItemError | None = None


class InferenceEngine(Protocol):
    """CLIP and BLIP behind one door. Models load on first use and stay loaded."""

    @property
    def clip(self) -> Provenance:
        """What makes the embeddings."""

    @property
    def blip(self) -> Provenance:
        """What makes the captions."""

    @property
    def dimensions(self) -> int:
        """Length of an embedding."""

    @property
    def device(self) -> str:
        """Where the models run: cuda, mps or cpu."""

    def infer(
        self, pictures: Iterable[bytes | ItemError], *, embed: bool = True, caption: bool = True
    ) -> Iterator[Inferred]:
        """One answer per picture, in order, while later pictures are still read; an ItemError passes through."""

    def embed_texts(self, texts: Sequence[str]) -> list[Vector | ItemError]:
        """One float32 vector (dimensions,) of norm 1 per text, comparable with the pictures'."""

    def ready(self) -> None:
        """See, before any work, that the models are there to be loaded; loads none. Raises ModelError."""

    def warm_up(self) -> None:
        """Begin to load the models while the caller does something else; what is amiss is told where they are used."""

    def measures(self) -> Mapping[str, int | float]:
        """How things stand: batch sizes, and the memory before and after each stage of the latest `infer`."""

    def counts(self) -> Mapping[str, int]:
        """The work done so far, in numbers that only grow: pictures, copies spared, batches."""
