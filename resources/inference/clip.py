"""CLIP: images and texts as vectors of norm 1 in one space.

The model and its two towers; batches and devices are chosen elsewhere.
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoConfig, AutoTokenizer, CLIPModel

from resources.inference.checkpoints import Checkpoint
from resources.inference.devices import Device
from resources.inference.errors import WrongModel
from resources.inference.port import Provenance
from resources.inference.preprocessing import Preprocessing


class Clip:
    """A loaded CLIPModel. Raises ModelUnavailable or WrongModel."""

    def __init__(self, checkpoint: Checkpoint, device: Device) -> None:
        config = checkpoint.load(AutoConfig.from_pretrained)
        if config.model_type != "clip":
            raise WrongModel(checkpoint.source, checkpoint.variable, config.model_type, "clip")
        self._device = device
        self._preprocessing = Preprocessing.from_config(checkpoint.preprocessor_config())
        self._tokenizer = checkpoint.load(AutoTokenizer.from_pretrained)
        model = checkpoint.load(CLIPModel.from_pretrained, dtype=device.dtype)
        self._model = model.eval().to(device.name)
        self._text_tokens = config.text_config.max_position_embeddings
        self.dimensions: int = config.projection_dim
        self.provenance = Provenance(checkpoint.name, checkpoint.revision, self._preprocessing.label, device.dtype_name)

    @torch.inference_mode()
    def embed_images(self, images: Sequence[np.ndarray]) -> list[np.ndarray]:
        """One float32 (dimensions,) vector of norm 1 per (H, W, 3) uint8 RGB image."""
        pixels = self._preprocessing.prepare(images).to(self._device.name, non_blocking=True)
        features = self._model.get_image_features(
            pixel_values=self._preprocessing.normalise(pixels, self._device.dtype)
        )
        return _unit_vectors(features.pooler_output)

    @torch.inference_mode()
    def embed_texts(self, texts: Sequence[str]) -> list[np.ndarray]:
        """One float32 (dimensions,) vector of norm 1 per text; a text too long for the model is cut."""
        tokens = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self._text_tokens, return_tensors="pt"
        ).to(self._device.name)
        features = self._model.get_text_features(**tokens)
        return _unit_vectors(features.pooler_output)


def _unit_vectors(features: torch.Tensor) -> list[np.ndarray]:
    # Normalised in FP32: an FP16 norm is off by up to a thousandth.
    unit = torch.nn.functional.normalize(features.float(), dim=-1)
    return list(unit.cpu().numpy())
