"""The device and the number format the models run in."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Device:
    """Where the models run and in which dtype; `clip_batch` and `caption_batch` are starting batch sizes in images."""

    name: str
    dtype: torch.dtype
    clip_batch: int
    caption_batch: int

    @property
    def dtype_name(self) -> str:
        """Like float16."""
        return str(self.dtype).removeprefix("torch.")


def best_device() -> Device:
    """The GPU in FP16 where there is one, else the CPU in FP32: half precision is far slower on CPUs without it."""
    if torch.cuda.is_available():
        return Device("cuda", torch.float16, clip_batch=512, caption_batch=128)
    if torch.backends.mps.is_available():
        return Device("mps", torch.float16, clip_batch=64, caption_batch=32)
    return Device("cpu", torch.float32, clip_batch=32, caption_batch=32)
