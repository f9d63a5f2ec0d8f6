"""BLIP: a caption for each picture, decoded by our own loops, greedily or by beams.

The model's parts and its words; batches and devices are chosen elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import BlipForConditionalGeneration

from resources.inference.beam_loop import search_captions
from resources.inference.caption_loop import CaptionTokens, Eager, Runner, Step, write_captions
from resources.inference.cuda_graphs import CapturedRunner
from resources.inference.devices import Device
from resources.inference.graphs import CaptionImage, CaptionMemory, CaptionStep
from resources.inference.loading import ModelCard, load_weights
from resources.inference.port import Provenance
from resources.inference.provenance import MAX_NEW_TOKENS, decoding

BLIP_FAMILIES: dict[str, Any] = {"blip": BlipForConditionalGeneration}


@dataclass(frozen=True)
class BlipGraphs:
    """The three parts, whatever computes them; each takes and gives what its module in graphs.py does."""

    image: Callable[[Tensor], Tensor]
    memory: Callable[[Tensor], tuple[Tensor, Tensor]]
    step: Step
    precision: str
    runner: Runner = field(default_factory=Eager)
    """Runs the step in greedy captions; it is this step's own."""


def torch_blip(card: ModelCard, device: Device) -> BlipGraphs:
    """The parts in PyTorch. Raises ModelUnavailable."""
    model = load_weights(card, BLIP_FAMILIES, device)
    image = CaptionImage(model, card.preprocessing).to(device.name)
    decoder = model.text_decoder
    runner = CapturedRunner() if device.name == "cuda" else Eager()
    return BlipGraphs(image, CaptionMemory(decoder), CaptionStep(decoder), device.dtype_name, runner)


class Blip:
    """A model that captions; one beam is greedy."""

    def __init__(self, card: ModelCard, graphs: BlipGraphs, device: Device, beams: int = 1) -> None:
        self._card, self._graphs, self._device, self._beams = card, graphs, device, beams
        self.preprocessing = card.preprocessing
        checkpoint, text = card.checkpoint, card.config.text_config
        self.provenance = Provenance(
            checkpoint.name, checkpoint.revision, self.preprocessing.label, graphs.precision, decoding(beams)
        )
        self._words = CaptionTokens(text.bos_token_id, text.sep_token_id, text.pad_token_id, MAX_NEW_TOKENS)

    @torch.inference_mode()
    def infer(self, inputs: Sequence[np.ndarray]) -> list[str]:
        """One caption per (3, H, W) uint8 input, as `preprocessing.fit` makes it."""
        pixels = torch.from_numpy(np.stack(inputs)).to(self._device.name)
        keys, values = self._graphs.memory(self._graphs.image(pixels))
        tokens = self._write(keys, values)
        texts: list[str] = self._card.tokenizer.batch_decode(tokens.cpu(), skip_special_tokens=True)
        return [text.strip() for text in texts]

    def _write(self, keys: Tensor, values: Tensor) -> Tensor:
        if self._beams > 1:
            return search_captions(keys, values, self._graphs.step, self._words, self._beams)
        return write_captions(keys, values, self._graphs.step, self._words, self._graphs.runner)
