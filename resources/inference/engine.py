"""The in-process inference engine: the port's implementation on this process's own device.

Joins models, batches and device; the models' own ways stand in clip.py and blip.py. Each model loads on first use and
once per process, because loading costs more than most batches.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from transformers.utils.logging import disable_progress_bar

from resources.inference.batching import BatchRunner
from resources.inference.blip import Blip
from resources.inference.checkpoints import Checkpoint, checkpoints
from resources.inference.clip import Clip
from resources.inference.devices import Device, best_device
from resources.inference.port import ItemError, Provenance

# Its bar for loading weights would write into the terminal or the log of whoever calls.
disable_progress_bar()

if TYPE_CHECKING:
    import numpy as np


class InProcessEngine:
    """CLIP and BLIP in this process."""

    def __init__(self, clip: Checkpoint, blip: Checkpoint, device: Device | None = None) -> None:
        self._checkpoints = (clip, blip)
        self._device = device or best_device()
        self._clip_batches = BatchRunner(self._device.clip_batch)
        self._caption_batches = BatchRunner(self._device.caption_batch)

    @cached_property
    def _clip(self) -> Clip:
        return Clip(self._checkpoints[0], self._device)

    @cached_property
    def _blip(self) -> Blip:
        return Blip(self._checkpoints[1], self._device)

    @property
    def clip(self) -> Provenance:
        """What makes the embeddings."""
        return self._clip.provenance

    @property
    def blip(self) -> Provenance:
        """What makes the captions."""
        return self._blip.provenance

    @property
    def dimensions(self) -> int:
        """Length of an embedding."""
        return self._clip.dimensions

    @property
    def device(self) -> str:
        """cuda, mps or cpu."""
        return self._device.name

    def embed_images(self, images: Sequence[np.ndarray]) -> list[np.ndarray | ItemError]:
        """One float32 (dimensions,) vector of norm 1 per image, or its error, in order."""
        return self._clip_batches.run(images, self._clip.embed_images)

    def embed_texts(self, texts: Sequence[str]) -> list[np.ndarray | ItemError]:
        """One float32 (dimensions,) vector of norm 1 per text, or its error, in order."""
        return self._clip_batches.run(texts, self._clip.embed_texts)

    def caption_images(self, images: Sequence[np.ndarray]) -> list[str | ItemError]:
        """One caption per image, or its error, in order."""
        return self._caption_batches.run(images, self._blip.caption_images)


@lru_cache(maxsize=1)
def engine_for(preset: str, clip: str = "", blip: str = "") -> InProcessEngine:
    """The process's one engine for these settings: every run in this process shares its loaded models."""
    return InProcessEngine(*checkpoints(preset, clip, blip))
