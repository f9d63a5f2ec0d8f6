"""What a checkpoint says of its model, and its weights on a device.

The same for every family; what a model is asked stands in clip.py and blip.py. Exported graphs need the
description only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from resources.inference.checkpoints import Checkpoint
from resources.inference.devices import Device
from resources.inference.errors import WrongModel
from resources.inference.preprocessing import Preprocessing

# Its bar for loading weights would write into the terminal or the log of whoever calls.
disable_progress_bar()


@dataclass(frozen=True)
class ModelCard:
    """A model without its weights."""

    checkpoint: Checkpoint
    config: Any
    tokenizer: Any
    preprocessing: Preprocessing

    def tokens(self, texts: Sequence[str], longest: int, padding: bool | str = True) -> dict[str, Tensor]:
        """(N, T) int64 `input_ids` and `attention_mask`, cut at `longest`."""
        encoded = self.tokenizer(list(texts), padding=padding, truncation=True, max_length=longest, return_tensors="pt")
        mask = encoded.get("attention_mask")
        return {
            "input_ids": encoded["input_ids"],
            "attention_mask": torch.ones_like(encoded["input_ids"]) if mask is None else mask,
        }


def read_card(checkpoint: Checkpoint, classes: Mapping[str, Any]) -> ModelCard:
    """Describe a checkpoint of one of the families in `classes`. Raises ModelUnavailable or WrongModel."""
    config = checkpoint.load(AutoConfig.from_pretrained)
    if config.model_type not in classes:
        raise WrongModel(checkpoint.source, checkpoint.variable, config.model_type, " or ".join(classes))
    preprocessing = Preprocessing.from_config(checkpoint.preprocessor_config())
    return ModelCard(checkpoint, config, checkpoint.load(AutoTokenizer.from_pretrained), preprocessing)


def load_weights(card: ModelCard, classes: Mapping[str, Any], device: Device) -> Any:
    """The model on the device, in its number format, ready to infer. Raises ModelUnavailable."""
    model = card.checkpoint.load(classes[card.config.model_type].from_pretrained, dtype=device.dtype)
    return model.eval().to(device.name)
