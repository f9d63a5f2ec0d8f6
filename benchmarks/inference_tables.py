"""The tables of inference: a line per configuration, and ours beside plain transformers.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py). A ratio is made within
each run, since a noisy machine is equally noisy to neighbours; the median of the runs' ratios is shown.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.inference_choice import BLIP, CLIP, FULL, PLAIN, is_ours

Samples = Sequence[dict[str, Any]]

TITLES = {CLIP: "CLIP", BLIP: "BLIP"}
# How many times as fast as plain transformers in a batch these ways of the full size were to be on a CPU.
_AIMS = {("CLIP, full size", "ours, onnx-int8 x32"): 1.9, ("BLIP, full size", "ours, torch, float16 x4"): 1.5}


def inference_lines(samples: Samples) -> list[str]:
    """Every configuration, then the ratios, then what was not measured and why."""
    measured = [sample for sample in samples if "skipped" not in sample]
    groups = by_model(measured)
    lines = ["| model | way | batch | pictures/s | from previews/s | of peak FLOP/s | peak MB | quality | all runs |"]
    lines += ["|---|---|--:|--:|--:|--:|--:|---|---|"]
    lines += [_line(model, runs) for model, ways in groups.items() for runs in ways.values()]
    return [*lines, "", *_verdicts(groups), *_aims(groups), *_skipped(samples)]


def by_model(samples: Samples) -> dict[str, dict[str, Samples]]:
    """The samples of each model and way, in the order they were measured in."""
    models: dict[str, dict[str, Any]] = {}
    for sample in samples:
        model = f"{TITLES[sample['task']]}, {sample['family']}"
        models.setdefault(model, {}).setdefault(f"{title(sample)} x{sample['batch']}", []).append(sample)
    return models


def title(sample: Mapping[str, Any]) -> str:
    """The way as the tables call it, with its number format where that is not FP32."""
    way = f"ours, {sample['way']}" if sample["way"] != PLAIN else PLAIN
    return way if sample["dtype"] == "float32" else f"{way}, {sample['dtype']}"


def rates(runs: Samples, clock: str = "device_s") -> list[float]:
    """Pictures per second of each run."""
    return [sample["pictures"] / sample[clock] for sample in runs]


def share_of_peak(sample: Mapping[str, Any]) -> float:
    """Achieved FLOP/s over those of a large matrix product in the same process."""
    return float(sample["gflop"] * sample["pictures"] / sample["device_s"] / sample["matmul_gflops"])


def _line(model: str, runs: Samples) -> str:
    first, speeds = runs[0], rates(runs)
    # How long a small model's captions are is its own affair, so what they cost is not known beforehand.
    share = f"{100 * median(map(share_of_peak, runs)):.0f} %" if first["family"] == FULL else "-"
    whole = _figure(median(rates(runs, "whole_s"))) if "whole_s" in first else "-"
    memory = f"{median(sample['peak_mb'] for sample in runs):.0f}"
    listed = ", ".join(map(_figure, speeds))
    cells = [model, title(first), first["batch"], _figure(median(speeds)), whole, share, memory, _quality(runs), listed]
    return f"| {' | '.join(map(str, cells))} |"


def _quality(runs: Samples) -> str:
    """The worst of the runs."""
    if "min_cosine" in runs[0]:
        return f"cosine >= {min(sample['min_cosine'] for sample in runs):.5f}"
    return f"{100 * min(sample['captions_equal'] for sample in runs):.1f} % equal"


def _verdicts(groups: Mapping[str, Mapping[str, Samples]]) -> list[str]:
    lines = ["| model | ours | batch | beside plain, one by one | beside plain, batched | all runs, batched |"]
    lines += ["|---|---|--:|--:|--:|---|"]
    for model, ways in groups.items():
        for runs in (runs for runs in ways.values() if is_ours(runs[0])):
            one, batched = _plain_ways(ways, runs[0])
            beside, beside_batched = _ratios(rates(runs), rates(one)), _ratios(rates(runs), rates(batched))
            cells = [model, title(runs[0]), str(runs[0]["batch"]), f"{median(beside):.2f}"]
            cells += [f"{median(beside_batched):.2f}", ", ".join(f"{ratio:.2f}" for ratio in beside_batched)]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def _aims(groups: Mapping[str, Mapping[str, Samples]]) -> list[str]:
    lines = []
    for (model, way), aim in _AIMS.items():
        if runs := groups.get(model, {}).get(way):
            reached = median(_ratios(rates(runs), rates(_plain_ways(groups[model], runs[0])[1])))
            lines.append(f"* {model}, {way}: the aim was {aim} times as fast as plain, batched; it is {reached:.2f}.")
    return ["", *lines] if lines else []


def _plain_ways(ways: Mapping[str, Samples], ours: Mapping[str, Any]) -> tuple[Samples, Samples]:
    """Plain transformers one by one and in its largest batch: in FP32 on a CPU, in the same number format on a GPU."""
    dtype = "float32" if ours["device"] == "cpu" else ours["dtype"]
    plain = [runs for runs in ways.values() if (runs[0]["way"], runs[0]["dtype"]) == (PLAIN, dtype)]
    in_order = sorted(plain, key=lambda runs: runs[0]["batch"])
    return in_order[0], in_order[-1]


def _skipped(samples: Samples) -> list[str]:
    reasons = {
        f"{TITLES[each['task']]}, {each['family']}, {title(each)}: {each['skipped']}": None
        for each in samples
        if "skipped" in each
    }
    return ["", "Not measured: ", *(f"* {reason}" for reason in reasons)] if reasons else []


def _ratios(values: Sequence[float], others: Sequence[float]) -> list[float]:
    return [value / other for value, other in zip(values, others, strict=True)]


def _figure(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
