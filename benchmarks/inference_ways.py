"""The ways to embed and to caption pictures: ours by backend and batch size, and plain transformers.

Each way has two doors: `device` takes ready (3, H, W) uint8 inputs, `whole` takes encoded previews; both answer with
vectors of norm 1 or captions, in order. The plain ways are written as the library's documentation suggests, and are
given the same inputs, the same number of tokens and greedy decoding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from transformers import BlipForConditionalGeneration, CLIPModel
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from benchmarks.inference_choice import CLIP, PLAIN, Configuration
from benchmarks.inference_models import checkpoints_of, graphs_of
from resources.inference.backends import Backend, backend_named
from resources.inference.blip import BLIP_FAMILIES, MAX_NEW_TOKENS, Blip
from resources.inference.clip import CLIP_FAMILIES, Clip
from resources.inference.devices import Device
from resources.inference.engine import InProcessEngine
from resources.inference.graphs import Normalise
from resources.inference.loading import read_card
from resources.inference.preprocessing import Preprocessing

Answers = list[Any]


@dataclass(frozen=True)
class Way:
    """A model that is loaded and can be asked."""

    config: Any
    preprocessing: Preprocessing
    device: Callable[[Sequence[np.ndarray]], Answers]
    whole: Callable[[Sequence[bytes]], Answers]


def load(asked: Configuration, models: Path) -> Way:
    """Load a configuration's model. Raises GraphsUnusable where graphs are absent."""
    return _plain(asked, models) if asked.way == PLAIN else _ours(asked, models)


def device_of(asked: Configuration) -> Device:
    """A configuration's device as the product says it."""
    return Device(asked.device, getattr(torch, asked.dtype), clip_batch=asked.batch, caption_batch=asked.batch)


def _ours(asked: Configuration, models: Path) -> Way:
    form = asked.way.partition("-")[0]
    backend = backend_named(form, graphs_of(asked.family, asked.way, models))
    clip, blip = checkpoints_of(asked.family, models)
    device, is_clip = device_of(asked), asked.task == CLIP
    card = read_card(clip if is_clip else blip, CLIP_FAMILIES if is_clip else BLIP_FAMILIES)
    # One set of weights for both doors, or the peak of memory would be of two.
    graphs: Any = backend.clip(card, device) if is_clip else backend.blip(card, device)
    model = Clip(card, graphs, device) if is_clip else Blip(card, graphs, device)
    loaded: Backend = replace(backend, **{asked.task: lambda *_: graphs})
    engine = InProcessEngine(clip, blip, device, backend=loaded)
    return Way(
        card.config,
        card.preprocessing,
        lambda inputs: _by_batch(model.infer, inputs, asked.batch),
        lambda previews: [
            answer.vector if is_clip else answer.caption
            for answer in engine.infer(previews, embed=is_clip, caption=not is_clip)
        ],
    )


def _plain(asked: Configuration, models: Path) -> Way:
    is_clip, device = asked.task == CLIP, device_of(asked)
    checkpoint = checkpoints_of(asked.family, models)[0 if is_clip else 1]
    card = read_card(checkpoint, CLIP_FAMILIES if is_clip else BLIP_FAMILIES)
    kind: Any = CLIPModel if is_clip else BlipForConditionalGeneration
    model = kind.from_pretrained(checkpoint.location, dtype=device.dtype).eval().to(device.name)
    processor: Any = CLIPImageProcessorPil if is_clip else BlipImageProcessorPil
    processor = processor.from_pretrained(checkpoint.location)
    normalise = Normalise(card.preprocessing, device.dtype).to(device.name)

    def answers(pixels: Tensor) -> Answers:
        return _plain_vectors(model, pixels) if is_clip else _plain_captions(model, card.tokenizer, pixels)

    def device_part(inputs: Sequence[np.ndarray]) -> Answers:
        return answers(normalise(torch.from_numpy(np.stack(inputs)).to(device.name)))

    def whole(previews: Sequence[bytes]) -> Answers:
        images = [Image.open(BytesIO(preview)).convert("RGB") for preview in previews]
        pixels = processor(images=images, return_tensors="pt")["pixel_values"]
        return answers(pixels.to(device.name, device.dtype))

    return Way(
        card.config,
        card.preprocessing,
        lambda inputs: _by_batch(device_part, inputs, asked.batch),
        lambda previews: _by_batch(whole, previews, asked.batch),
    )


@torch.inference_mode()
def _plain_vectors(model: Any, pixels: Tensor) -> Answers:
    features = model.get_image_features(pixel_values=pixels).pooler_output.float()
    return list((features / features.norm(dim=-1, keepdim=True)).cpu().numpy())


@torch.inference_mode()
def _plain_captions(model: Any, tokenizer: Any, pixels: Tensor) -> Answers:
    tokens = model.generate(pixel_values=pixels, max_new_tokens=MAX_NEW_TOKENS, num_beams=1, do_sample=False)
    return [text.strip() for text in tokenizer.batch_decode(tokens, skip_special_tokens=True)]


def _by_batch(infer: Callable[[Sequence[Any]], Answers], items: Sequence[Any], batch: int) -> Answers:
    return [answer for start in range(0, len(items), batch) for answer in infer(items[start : start + batch])]
