"""CLIP and SigLIP: pictures and texts as vectors of norm 1 in one space.

The model's two towers and its tokens; batches and devices are chosen elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import CLIPModel, SiglipModel

from resources.inference.devices import Device
from resources.inference.graphs import ImageTower, TextTower
from resources.inference.loading import ModelCard, load_weights
from resources.inference.port import Provenance

CLIP_FAMILIES: dict[str, Any] = {"clip": CLIPModel, "siglip": SiglipModel}


@dataclass(frozen=True)
class ClipGraphs:
    """The two towers, whatever computes them; each takes and gives what its module in graphs.py does."""

    image: Callable[[Tensor], Tensor]
    text: Callable[[Tensor, Tensor], Tensor]
    precision: str


def torch_clip(card: ModelCard, device: Device) -> ClipGraphs:
    """The towers in PyTorch. Raises ModelUnavailable."""
    model = load_weights(card, CLIP_FAMILIES, device)
    image = ImageTower(model, card.preprocessing).to(device.name)
    return ClipGraphs(image, TextTower(model), device.dtype_name)


class Clip:
    """A model that embeds."""

    def __init__(self, card: ModelCard, graphs: ClipGraphs, device: Device) -> None:
        self._card, self._graphs, self._device = card, graphs, device
        self.preprocessing = card.preprocessing
        checkpoint = card.checkpoint
        self.provenance = Provenance(checkpoint.name, checkpoint.revision, self.preprocessing.label, graphs.precision)

    @property
    def dimensions(self) -> int:
        """Length of a vector."""
        config = self._card.config
        is_clip = config.model_type == "clip"
        return int(config.projection_dim if is_clip else config.vision_config.hidden_size)

    @torch.inference_mode()
    def infer(self, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One float32 (dimensions,) vector of norm 1 per (3, H, W) uint8 input, as `preprocessing.fit` makes it."""
        pixels = torch.from_numpy(np.stack(inputs)).to(self._device.name)
        return list(self._graphs.image(pixels).cpu().numpy())

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> list[np.ndarray]:
        """One float32 (dimensions,) vector of norm 1 per text; a text too long for the model is cut."""
        tokens = {name: each.to(self._device.name) for name, each in self._tokens(texts).items()}
        return list(self._graphs.text(tokens["input_ids"], tokens["attention_mask"]).cpu().numpy())

    def _tokens(self, texts: Sequence[str]) -> dict[str, Tensor]:
        longest = self._card.config.text_config.max_position_embeddings
        # SigLIP was trained on texts filled up to its full length, and reads the filling.
        padding: bool | str = True if self._card.config.model_type == "clip" else "max_length"
        return self._card.tokens(texts, longest, padding)
