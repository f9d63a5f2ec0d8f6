"""A checkpoint becomes a model on a device, with its tokenizer, its preprocessing and its provenance.

The same for both families; what a model is asked stands in clip.py and blip.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoTokenizer

from resources.inference.checkpoints import Checkpoint
from resources.inference.devices import Device
from resources.inference.errors import WrongModel
from resources.inference.port import Provenance
from resources.inference.preprocessing import Preprocessing


@dataclass(frozen=True)
class LoadedModel:
    """A model in inference mode with what belongs to it."""

    model: Any
    tokenizer: Any
    preprocessing: Preprocessing
    provenance: Provenance
    device: Device

    def pixel_values(self, images: Sequence[np.ndarray]) -> torch.Tensor:
        """The (N, 3, H, W) input of N (H, W, 3) uint8 RGB images; it goes to the device as uint8."""
        pixels = self.preprocessing.prepare(images).to(self.device.name, non_blocking=True)
        return self.preprocessing.normalise(pixels, self.device.dtype)

    def tokens(self, texts: Sequence[str], longest: int) -> Any:
        """The texts' tokens on the device, padded to one length and cut at `longest`."""
        return self.tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt").to(
            self.device.name
        )


def load_model(checkpoint: Checkpoint, family: str, model_class: Any, device: Device) -> LoadedModel:
    """Load everything of a checkpoint. Raises ModelUnavailable, or WrongModel if it is of another family."""
    config = checkpoint.load(AutoConfig.from_pretrained)
    if config.model_type != family:
        raise WrongModel(checkpoint.source, checkpoint.variable, config.model_type, family)
    preprocessing = Preprocessing.from_config(checkpoint.preprocessor_config())
    model = checkpoint.load(model_class.from_pretrained, dtype=device.dtype)
    return LoadedModel(
        model=model.eval().to(device.name),
        tokenizer=checkpoint.load(AutoTokenizer.from_pretrained),
        preprocessing=preprocessing,
        provenance=Provenance(checkpoint.name, checkpoint.revision, preprocessing.label, device.dtype_name),
        device=device,
    )
