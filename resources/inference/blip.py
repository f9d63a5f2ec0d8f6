"""BLIP: a caption for each image, greedily decoded.

The model and its generation; batches and devices are chosen elsewhere.
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import BlipForConditionalGeneration

from resources.inference.checkpoints import Checkpoint
from resources.inference.devices import Device
from resources.inference.loading import load_model

# Long enough for a sentence; longer captions of these models repeat themselves.
MAX_NEW_TOKENS = 20


class Blip:
    """A loaded BlipForConditionalGeneration. Raises ModelUnavailable or WrongModel."""

    def __init__(self, checkpoint: Checkpoint, device: Device) -> None:
        self._loaded = load_model(checkpoint, "blip", BlipForConditionalGeneration, device)
        self.provenance = self._loaded.provenance

    @torch.inference_mode()
    def caption_images(self, images: Sequence[np.ndarray]) -> list[str]:
        """One caption per (H, W, 3) uint8 RGB image."""
        tokens = self._loaded.model.generate(
            pixel_values=self._loaded.pixel_values(images),
            max_new_tokens=MAX_NEW_TOKENS,
            num_beams=1,
            do_sample=False,
        )
        return [text.strip() for text in self._loaded.tokenizer.batch_decode(tokens, skip_special_tokens=True)]
