"""CLIP: images and texts as vectors of norm 1 in one space.

The model and its two towers; batches and devices are chosen elsewhere.
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import CLIPModel

from resources.inference.checkpoints import Checkpoint
from resources.inference.devices import Device
from resources.inference.loading import load_model


class Clip:
    """A loaded CLIPModel. Raises ModelUnavailable or WrongModel."""

    def __init__(self, checkpoint: Checkpoint, device: Device) -> None:
        self._loaded = load_model(checkpoint, "clip", CLIPModel, device)
        self._text_tokens = self._loaded.model.config.text_config.max_position_embeddings
        self.dimensions: int = self._loaded.model.config.projection_dim
        self.provenance = self._loaded.provenance

    @torch.inference_mode()
    def embed_images(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One float32 (dimensions,) vector of norm 1 per (H, W, 3) uint8 RGB image."""
        features = self._loaded.model.get_image_features(pixel_values=self._loaded.pixel_values(images))
        return _unit_vectors(features.pooler_output)

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> list[np.ndarray]:
        """One float32 (dimensions,) vector of norm 1 per text; a text too long for the model is cut."""
        features = self._loaded.model.get_text_features(**self._loaded.tokens(texts, self._text_tokens))
        return _unit_vectors(features.pooler_output)


def _unit_vectors(features: torch.Tensor) -> list[np.ndarray]:
    # Normalised in FP32: an FP16 norm is off by up to a thousandth.
    unit = torch.nn.functional.normalize(features.float(), dim=-1)
    return list(unit.cpu().numpy())
