"""The inference port: what the assets and the search may ask of the models.

Images are (H, W, 3) uint8 RGB arrays of any size. Every method answers in input order with one result or one ItemError
per item, so an image that fails never shifts another's result. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    Image = np.ndarray
    Vector = np.ndarray


@dataclass(frozen=True)
class ItemError:
    """Why one item has no result."""

    kind: str
    message: str


@dataclass(frozen=True)
class Provenance:
    """Which model made a row: written beside every vector and caption."""

    model: str
    revision: str
    preprocessing: str
    dtype: str


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

    def embed_images(self, images: Sequence[Image]) -> list[Vector | ItemError]:
        """One float32 vector (dimensions,) of norm 1 per image."""

    def embed_texts(self, texts: Sequence[str]) -> list[Vector | ItemError]:
        """One float32 vector (dimensions,) of norm 1 per text, comparable with the images'."""

    def caption_images(self, images: Sequence[Image]) -> list[str | ItemError]:
        """One caption per image."""
