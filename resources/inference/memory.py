"""What the device's memory holds, and what each stage of the work does to it.

What belongs here: reading the numbers and keeping them by stage. What does not: deciding how much fits
(batch_sizes.py).
"""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from resources.inference.devices import Device

_MB = 1e6
_STATM = Path("/proc/self/statm")  # Linux's; its second number is the resident pages


@dataclass(frozen=True)
class Memory:
    """Megabytes: allocated on a GPU and what it has free, or resident in this process where there is none.

    `peak_mb` is the most since a stage began on a GPU, and since the process began elsewhere.
    """

    used_mb: float
    peak_mb: float
    free_mb: float | None = None


def memory_of(device: Device) -> Memory:
    """The memory in use now."""
    if device.name == "cuda":
        free, _ = torch.cuda.mem_get_info()
        return Memory(torch.cuda.memory_allocated() / _MB, torch.cuda.max_memory_allocated() / _MB, free / _MB)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    used = int(_STATM.read_bytes().split()[1]) * resource.getpagesize() if _STATM.exists() else peak
    return Memory(used / _MB, peak / _MB)


class StageMemory:
    """The memory before and after each stage since `forget`, by the stage's name.

    A stage that comes again, once per window, keeps its first before, its last after and its highest peak.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._stages: dict[str, tuple[Memory, Memory, float]] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Note the memory around what is done inside, also where that fails."""
        if self._device.name == "cuda":
            torch.cuda.reset_peak_memory_stats()
        before = memory_of(self._device)
        try:
            yield
        finally:
            after = memory_of(self._device)
            first, _, peak_mb = self._stages.get(name, (before, after, 0.0))
            self._stages[name] = (first, after, max(peak_mb, after.peak_mb))

    def forget(self) -> None:
        """Begin anew: what follows is another run's."""
        self._stages = {}

    def measures(self) -> dict[str, float]:
        """`<stage>_memory_before_mb`, `_after_mb`, `_peak_mb` and, on a GPU, `_free_mb` after it."""
        told: dict[str, float] = {}
        for stage, (before, after, peak_mb) in list(self._stages.items()):
            numbers = {"before": before.used_mb, "after": after.used_mb, "peak": peak_mb, "free": after.free_mb}
            told |= {f"{stage}_memory_{name}_mb": mb for name, mb in numbers.items() if mb is not None}
        return told
