"""The device and the number format the models run in.

Only facts and choices of the machine; its memory is memory.py's, how many pictures fit is batch_sizes.py's.
"""

import os
from dataclasses import dataclass

import torch

AUTO = "auto"


@dataclass(frozen=True)
class Device:
    """Where the models run and in which dtype; `clip_batch` and `caption_batch` are the most pictures tried at once."""

    name: str
    dtype: torch.dtype
    clip_batch: int
    caption_batch: int

    @property
    def dtype_name(self) -> str:
        """Like float16."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def hardware(self) -> str:
        """The device's own name, so that what was learnt on one is not believed of another."""
        return torch.cuda.get_device_name() if self.name == "cuda" else f"{self.name} of {os.cpu_count()} cores"


def best_device(number_format: str = AUTO) -> Device:
    """The GPU where there is one, else the CPU; in the named number format, or with `auto` in what it does well."""
    if torch.cuda.is_available():
        return Device("cuda", _dtype(number_format, _gpu_is_fast_in_half()), clip_batch=1024, caption_batch=512)
    if torch.backends.mps.is_available():
        return Device("mps", _dtype(number_format, True), clip_batch=64, caption_batch=32)
    # Larger batches are no faster on a CPU and only cost memory.
    return Device("cpu", _dtype(number_format, _cpu_is_fast_in_half()), clip_batch=32, caption_batch=32)


def _dtype(number_format: str, is_fast_in_half: bool) -> torch.dtype:
    # Never BF16 unasked: it is no faster than FP16, and captions change.
    chosen = ("float16" if is_fast_in_half else "float32") if number_format == AUTO else number_format
    dtype: torch.dtype = getattr(torch, chosen)
    return dtype


def _gpu_is_fast_in_half() -> bool:
    """Say whether the GPU has tensor cores; some without are many times slower in FP16 than in FP32."""
    return torch.cuda.get_device_capability() >= (7, 0)


def _cpu_is_fast_in_half() -> bool:
    """Say whether the CPU multiplies matrices of FP16 (AMX-FP16) and torch's oneDNN lets it.

    No where torch cannot tell, as on other architectures: a CPU without is ten times slower in FP16 than in FP32.
    """
    try:
        return bool(torch.cpu.get_capabilities()["amx_fp16"] and torch.ops.mkldnn._is_mkldnn_fp16_supported())
    except (AttributeError, KeyError, RuntimeError):
        return False
