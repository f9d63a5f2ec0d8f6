"""How many pictures fit the device at once: probed on a GPU, remembered on disk.

What belongs here: the probe, and the file of what was learnt per model, revision, number format, device and
resolution. What does not: running batches and halving them (batching.py).
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import torch

from resources.inference.batching import BatchRunner
from resources.inference.devices import Device
from resources.inference.port import Provenance

_PROBED = (4, 12)  # two sizes give what one more picture costs; small ones, so that the probe fits any device
_SHARE = 0.8  # of the free memory: the allocator cannot use the last of it


class LearntSizes:
    """A small JSON file of batch sizes by key; one that is missing or broken is an empty one."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = self._read()

    def get(self, key: str) -> int | None:
        """The size last kept under this key."""
        size = self._known.get(key)
        return size if isinstance(size, int) and size > 0 else None

    def keep(self, key: str, size: int) -> None:
        """Write the size down, whole or not at all; a file that cannot be written costs the next start a probe."""
        if self._path is None or self._known.get(key) == size:
            return
        self._known = self._read() | {key: size}  # another process may have learnt meanwhile
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = self._path.with_suffix(f".{uuid4().hex}.part")
            unfinished.write_text(json.dumps(self._known, indent=2, sort_keys=True) + "\n")
            os.replace(unfinished, self._path)  # noqa: PTH105

    def _read(self) -> dict[str, Any]:
        try:
            known = json.loads(self._path.read_text()) if self._path else {}
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def size_key(made_by: Provenance, device: Device, shape: tuple[int, int]) -> str:
    """What a batch size depends on."""
    height, width = shape
    made = " ".join(filter(None, (f"{made_by.model}@{made_by.revision}", made_by.dtype, made_by.decoding)))
    return f"{made} {width}x{height} on {device.hardware}"


def runner_for(
    infer: Callable[[Sequence[np.ndarray]], object],
    shape: tuple[int, int],
    most: int,
    device: Device,
    learnt: int | None,
) -> BatchRunner:
    """A runner that begins with what was learnt, or else with what a probe says; never with more than `most`."""
    if device.name != "cuda":
        return BatchRunner(min(most, learnt or most), most)
    try:
        fitting = probed_size(infer, shape, most)
    except torch.OutOfMemoryError:  # others have the device: one at a time, and more as it proves to fit
        return BatchRunner(1, most)
    return BatchRunner(min(fitting, learnt or fitting), fitting)


def probed_size(infer: Callable[[Sequence[np.ndarray]], object], shape: tuple[int, int], most: int) -> int:
    """The largest batch of (3, H, W) uint8 inputs that the GPU's free memory holds, at most `most`."""
    _peak_bytes(infer, shape, max(_PROBED))  # whatever is loaded and kept is no picture's
    few, more = (_peak_bytes(infer, shape, count) for count in _PROBED)
    per_picture = max(1.0, (more - few) / (_PROBED[1] - _PROBED[0]))
    torch.cuda.empty_cache()
    free, _ = torch.cuda.mem_get_info()
    return int(max(1, min(most, _SHARE * free / per_picture)))


def _peak_bytes(infer: Callable[[Sequence[np.ndarray]], object], shape: tuple[int, int], count: int) -> int:
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    infer([np.zeros((3, *shape), np.uint8)] * count)
    return torch.cuda.max_memory_allocated() - before
