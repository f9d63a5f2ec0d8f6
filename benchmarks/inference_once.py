"""One configuration of inference, measured in the fresh process that a benchmark starts for it.

Loading, warm-up and the answers that are compared are outside the timers. The fresh process comes from a server that
has imported torch and nothing more: imports take longer than many a measurement.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.inference_choice import CLIP, Configuration
from benchmarks.inference_flops import blip_flops, clip_flops, matmul_flops
from benchmarks.inference_ways import Answers, Way, device_of, load
from benchmarks.timing import seconds_of
from resources.inference.blip import MAX_NEW_TOKENS
from resources.inference.devices import best_device, memory_mb
from resources.inference.errors import GraphsUnusable
from resources.inference.pictures import read_picture


def measure(asked: Configuration, models: Path, previews: Sequence[bytes]) -> tuple[dict[str, Any], Answers]:
    """The sample, and the answers of the device part; where graphs are absent, the reason in place of both."""
    try:
        way = load(asked, models)
    except GraphsUnusable as error:
        return {"skipped": str(error)}, []
    inputs = [way.preprocessing.fit(read_picture(preview)) for preview in previews]
    # The engine spares copies of pictures that it knows, so the warm-up has pictures of its own.
    warm = previews[asked.pictures :]
    way.device(inputs[asked.pictures :])
    way.whole(warm)
    answers: Answers = []
    device_s = seconds_of(lambda: answers.extend(way.device(inputs[: asked.pictures])))
    whole_s = seconds_of(lambda: way.whole(previews[: asked.pictures]))
    peak_mb = _peak_mb(asked)
    device = device_of(asked)
    return {
        "device_s": round(device_s, 4),
        "whole_s": round(whole_s, 4),
        "peak_mb": round(peak_mb),
        "gflop": round(_flops(asked, way) / 1e9, 3),
        "matmul_gflops": round(matmul_flops(device.name, device.dtype) / 1e9, 1),
    }, answers


def hardware() -> dict[str, str]:
    """What the models run on here: the kind of device and its name."""
    device = best_device()
    return {"device": device.name, "hardware": device.hardware}


def _flops(asked: Configuration, way: Way) -> float:
    return clip_flops(way.config) if asked.task == CLIP else blip_flops(way.config, MAX_NEW_TOKENS)


def _peak_mb(asked: Configuration) -> float:
    memory = memory_mb(device_of(asked))
    return memory["device_peak_mb" if asked.device == "cuda" else "process_peak_mb"]
