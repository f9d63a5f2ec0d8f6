"""One configuration of inference, measured in the fresh process that a benchmark starts for it.

Loading, warm-up and the answers that are compared are outside the timers. The fresh process comes from a server that
has imported torch and nothing more: imports take longer than many a measurement.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.inference_choice import CLIP, Configuration
from benchmarks.inference_flops import blip_flops, clip_flops, matmul_flops
from benchmarks.inference_ways import Answers, Way, device_of, load
from benchmarks.timing import seconds_of
from resources.inference.blip import MAX_NEW_TOKENS
from resources.inference.devices import best_device
from resources.inference.errors import GraphsUnusable
from resources.inference.memory import memory_of
from resources.inference.pictures import read_picture


def measure(asked: Configuration, models: Path, previews: Sequence[bytes]) -> tuple[dict[str, Any], Answers]:
    """The sample, and the answers of the device part; where graphs are absent, the reason in place of both."""
    try:
        way = load(asked, models)
    except GraphsUnusable as error:
        return {"skipped": str(error)}, []
    ready = [way.preprocessing.fit(read_picture(preview)) for preview in previews]
    # The engine spares copies of pictures that it knows, so the warm-up has pictures of its own. A GPU chooses its
    # kernels by the batch.
    warm = ready[asked.pictures :] * (asked.batch if asked.device == "cuda" else 1)
    way.device(warm)
    answers: Answers = []
    sample = {"device_s": round(seconds_of(lambda: answers.extend(way.device(ready[: asked.pictures]))), 4)}
    if asked.reads_previews:
        way.whole(previews[asked.pictures :])
        sample["whole_s"] = round(seconds_of(lambda: way.whole(previews[: asked.pictures])), 4)
    return sample | {"peak_mb": round(_peak_mb(asked))} | _flop_rates(asked, way), answers


def hardware() -> dict[str, str | int]:
    """What the models run on here: the kind of device, its name, its best number format, and torch's threads."""
    device = best_device()
    here: dict[str, str | int] = {"device": device.name, "hardware": device.hardware, "dtype": device.dtype_name}
    return here | {"threads": torch.get_num_threads()}


def _flop_rates(asked: Configuration, way: Way) -> dict[str, float]:
    flops = clip_flops(way.config) if asked.task == CLIP else blip_flops(way.config, MAX_NEW_TOKENS)
    device = device_of(asked)
    reached = matmul_flops(device.name, device.dtype)
    return {"gflop": round(flops / 1e9, 3), "matmul_gflops": round(reached / 1e9, 1)}


def _peak_mb(asked: Configuration) -> float:
    return memory_of(device_of(asked)).peak_mb
