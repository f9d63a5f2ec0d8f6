"""What is exported: the five parts of both models, each with an example, names and the axes that may vary.

What belongs here: what every format must know of a graph. What does not: how a format writes and reads one
(torchscript.py, onnx.py). A cache of keys or values goes into a graph as one tensor per layer, because a runtime that
takes a layer out of a stacked one copies it at every step.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from resources.inference.blip import BlipGraphs
from resources.inference.clip import ClipGraphs
from resources.inference.devices import Device
from resources.inference.loading import ModelCard
from resources.inference.provenance import MAX_NEW_TOKENS

Graph = Callable[..., Any]
Axes = Mapping[str, Mapping[int, str]]

CLIP_GRAPHS = ("clip-image", "clip-text")
BLIP_GRAPHS = ("blip-image", "blip-memory", "blip-step")

_BATCH = {0: "batch"}
_PICTURES = {0: "pictures"}  # fewer than the rows of the batch where each is captioned by several beams
_LAYERS_FIRST = {1: "batch"}
_TEXTS = ("a boat", "two red boats on a lake at night")


@dataclass(frozen=True)
class Part:
    """A module, arguments to trace it with, and the names and the varying axes of its inputs and outputs."""

    name: str
    module: Any
    example: tuple[Any, ...]
    inputs: Axes
    outputs: Axes


@dataclass(frozen=True)
class GraphFormat:
    """A file format for graphs and its runtime.

    `traced_on` is the device that a graph is made on. A portable format runs wherever its runtime does; any other
    only on the kind of device that it was traced on.
    """

    name: str
    suffix: str
    portable: bool
    traced_on: Callable[[], Device]
    runs_on: Callable[[], Device]
    write: Callable[[Part, Path], None]
    load: Callable[[bytes, Device], Graph]


def clip_parts(card: ModelCard, graphs: ClipGraphs, device: Device) -> list[Part]:
    """Both towers."""
    longest = card.config.text_config.max_position_embeddings
    tokens = {name: each.to(device.name) for name, each in card.tokens(_TEXTS, longest).items()}
    text_axes = {name: {0: "batch", 1: "length"} for name in tokens}
    image_name, text_name = CLIP_GRAPHS
    return [
        Part(image_name, graphs.image, (_pixels(card, device),), {"pixels": _BATCH}, {"vectors": _BATCH}),
        Part(text_name, graphs.text, tuple(tokens.values()), text_axes, {"vectors": _BATCH}),
    ]


@torch.no_grad()
def blip_parts(card: ModelCard, graphs: BlipGraphs, device: Device) -> list[Part]:
    """The image tower, the image's keys and values, and the step with its cache."""
    pixels = _pixels(card, device)
    states = graphs.image(pixels)
    memory = graphs.memory(states)
    image_name, memory_name, _ = BLIP_GRAPHS
    caches = {"keys": _LAYERS_FIRST, "values": _LAYERS_FIRST}
    return [
        Part(image_name, graphs.image, (pixels,), {"pixels": _BATCH}, {"states": _BATCH}),
        Part(memory_name, graphs.memory, (states,), {"states": _BATCH}, caches),
        _step_part(graphs.step, *memory),
    ]


def _step_part(step: Any, image_keys: Tensor, image_values: Tensor) -> Part:
    layers, count, heads, _, width = image_keys.shape
    cache = image_keys.new_zeros((layers, count, heads, MAX_NEW_TOKENS, width))
    token = torch.ones(count, dtype=torch.long, device=cache.device)
    example = (token, token.new_zeros(1), *(each.unbind() for each in (cache, cache, image_keys, image_values)))
    axes: dict[str, Mapping[int, str]] = {"tokens": _BATCH, "position": {}}
    for name in ("keys", "values"):
        axes |= {f"{name}_{layer}": {0: "batch", 2: "words"} for layer in range(layers)}
    for name in ("image_keys", "image_values"):
        axes |= {f"{name}_{layer}": _PICTURES for layer in range(layers)}
    outputs = {"logits": _BATCH, "new_keys": _LAYERS_FIRST, "new_values": _LAYERS_FIRST}
    return Part(BLIP_GRAPHS[2], step, example, axes, outputs)


def assembled_clip(graph: Callable[[str], Graph], precision: str) -> ClipGraphs:
    """The towers from their graphs by name."""
    image, text = (graph(name) for name in CLIP_GRAPHS)
    return ClipGraphs(image, text, precision)


def assembled_blip(graph: Callable[[str], Graph], precision: str) -> BlipGraphs:
    """The captioning parts from their graphs by name."""
    image, memory, step = (graph(name) for name in BLIP_GRAPHS)

    def by_layer(
        tokens: Tensor, position: Tensor, keys: Tensor, values: Tensor, image_keys: Tensor, image_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        caches = (cache.unbind() for cache in (keys, values, image_keys, image_values))
        answer: tuple[Tensor, Tensor, Tensor] = step(tokens, position, *caches)
        return answer

    return BlipGraphs(image, memory, by_layer, precision)


def _pixels(card: ModelCard, device: Device) -> Tensor:
    return torch.zeros((2, 3, *card.preprocessing.shape), dtype=torch.uint8, device=device.name)
