"""What computes the models' parts: torch itself, or graphs that were exported.

The choice and nothing else; the engine, the caption loop and the search do not know which it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from resources.inference.blip import BlipGraphs, torch_blip
from resources.inference.clip import ClipGraphs, torch_clip
from resources.inference.devices import AUTO, Device, best_device
from resources.inference.loading import ModelCard


@dataclass(frozen=True)
class Backend:
    """The device to run on, each model's parts there, and a look, before any work, at what those are loaded from."""

    device: Callable[[], Device]
    clip: Callable[[ModelCard, Device], ClipGraphs]
    blip: Callable[[ModelCard, Device], BlipGraphs]
    check: Callable[[ModelCard, ModelCard, Device], None]


def _check_weights(clip: ModelCard, blip: ModelCard, _: Device) -> None:
    clip.checkpoint.check_weights()
    blip.checkpoint.check_weights()


TORCH = Backend(best_device, torch_clip, torch_blip, _check_weights)


def backend_named(name: str, graphs: Path, number_format: str = AUTO) -> Backend:
    """The backend `torch` in a number format, or `torchscript` or `onnx` on exported graphs, which have their own."""
    if name == "torch":
        return replace(TORCH, device=partial(best_device, number_format))
    from resources.inference.exported.serving import exported_backend  # it loads another runtime

    return exported_backend(name, graphs)
