"""BLIP: a caption for each image, greedily decoded.

The model and its generation; batches and devices are chosen elsewhere.
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import AutoConfig, AutoTokenizer, BlipForConditionalGeneration

from resources.inference.checkpoints import Checkpoint
from resources.inference.devices import Device
from resources.inference.errors import WrongModel
from resources.inference.port import Provenance
from resources.inference.preprocessing import Preprocessing

# Long enough for a sentence; longer captions of these models repeat themselves.
MAX_NEW_TOKENS = 20


class Blip:
    """A loaded BlipForConditionalGeneration. Raises ModelUnavailable or WrongModel."""

    def __init__(self, checkpoint: Checkpoint, device: Device) -> None:
        config = checkpoint.load(AutoConfig.from_pretrained)
        if config.model_type != "blip":
            raise WrongModel(checkpoint.source, checkpoint.variable, config.model_type, "blip")
        self._device = device
        self._preprocessing = Preprocessing.from_config(checkpoint.preprocessor_config())
        self._tokenizer = checkpoint.load(AutoTokenizer.from_pretrained)
        model = checkpoint.load(BlipForConditionalGeneration.from_pretrained, dtype=device.dtype)
        self._model = model.eval().to(device.name)
        self.provenance = Provenance(checkpoint.name, checkpoint.revision, self._preprocessing.label, device.dtype_name)

    @torch.inference_mode()
    def caption_images(self, images: Sequence[np.ndarray]) -> list[str]:
        """One caption per (H, W, 3) uint8 RGB image."""
        pixels = self._preprocessing.prepare(images).to(self._device.name, non_blocking=True)
        tokens = self._model.generate(
            pixel_values=self._preprocessing.normalise(pixels, self._device.dtype),
            max_new_tokens=MAX_NEW_TOKENS,
            num_beams=1,
            do_sample=False,
        )
        return [text.strip() for text in self._tokenizer.batch_decode(tokens, skip_special_tokens=True)]
