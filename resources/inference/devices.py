"""The device, the number format the models run in, and the device's memory.

Only facts and choices of the machine; how many pictures fit is batch_sizes.py's.
"""

import os
import resource
import sys
from dataclasses import dataclass

import torch

_MB = 1e6


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


def best_device() -> Device:
    """The GPU in FP16 where there is one, else the CPU in FP32: half precision is far slower on CPUs without it."""
    if torch.cuda.is_available():
        return Device("cuda", torch.float16, clip_batch=1024, caption_batch=512)
    if torch.backends.mps.is_available():
        return Device("mps", torch.float16, clip_batch=64, caption_batch=32)
    # Larger batches are no faster on a CPU and only cost memory.
    return Device("cpu", torch.float32, clip_batch=32, caption_batch=32)


def memory_mb(device: Device) -> dict[str, float]:
    """Megabytes in use: of the GPU and what it has free, or of this process at its peak where there is none."""
    if device.name != "cuda":
        peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"process_peak_mb": peak_kib / _MB if sys.platform == "darwin" else peak_kib * 1024 / _MB}
    free, _ = torch.cuda.mem_get_info()
    return {
        "device_free_mb": free / _MB,
        "device_used_mb": torch.cuda.memory_allocated() / _MB,
        "device_peak_mb": torch.cuda.max_memory_allocated() / _MB,
    }
