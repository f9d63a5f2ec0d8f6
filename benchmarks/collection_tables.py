"""The tables of the collection: a line for each way of writing, and one for each size and way of searching.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py).
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.collection_points import FILTERS

Samples = Sequence[dict[str, Any]]

# How it is searched, and the step whose disk and seconds belong to it.
_WAYS = {
    "searched as it came in": "filled",
    "searched by graph": "graph built",
    "searched by graph, 256 candidates": "graph built",
    "searched by int8": "int8 built",
}


def writing_lines(samples: Samples) -> list[str]:
    """A line for each way. A ratio is made in its run."""
    lines = ["| written | one by one, points/s | by batches, points/s | ratio | all runs |", "|---|--:|--:|--:|---|"]
    for way in dict.fromkeys(sample["what"] for sample in samples):
        taken = [sample for sample in samples if sample["what"] == way]
        single, batched = (median(each[f"{name}_per_s"] for each in taken) for name in ("one_by_one", "by_batches"))
        ratios = [each["by_batches_per_s"] / each["one_by_one_per_s"] for each in taken]
        listed = ", ".join(f"{ratio:.1f}" for ratio in ratios)
        lines.append(f"| {way} | {single:,.0f} | {batched:,.0f} | {median(ratios):.1f} | {listed} |")
    empty = median(sample["empty_request_ms"] for sample in samples if "empty_request_ms" in sample)
    return [*lines, "", f"A request to the stand-in without any point takes {empty:.2f} ms."]


def collection_lines(samples: Samples) -> list[str]:
    """A line for each size and way of searching it."""
    sizes = sorted({sample["points"] for sample in samples})
    head = ["points", "way", "in, points/s", "build s", "disk MB", "memory MB", "reopening ms", "recall@10"]
    head += [f"{name}: p50, p95 ms" for name in FILTERS]
    lines = [f"| {' | '.join(head)} |", "|--:|---" + "|--:" * (len(head) - 2) + "|"]
    for points in sizes:
        for searched, made in _WAYS.items():
            lines.append(_line(samples, points, searched, made))
    return lines


def _line(samples: Samples, points: int, searched: str, made: str) -> str:
    def of(key: str, step: str = searched) -> float:
        return _median(samples, points, step, key)

    is_first = made == "filled"
    came_in, build = (f"{of('in_per_s', made):,.0f}", "") if is_first else ("", f"{of('build_s', made):.1f}")
    cells = [f"{points:,}", searched.removeprefix("searched "), came_in, build, f"{of('disk_mb', made):,.0f}"]
    cells += [f"{of('memory_mb'):,.0f}", f"{of('reopen_ms'):.0f}", f"{of('recall_at_10'):.3f}"]
    cells += [f"{of(f'{name} p50_ms'):.2f}, {of(f'{name} p95_ms'):.2f}" for name in FILTERS]
    return f"| {' | '.join(cells)} |"


def _median(samples: Samples, points: int, step: str, key: str) -> float:
    return median(sample[key] for sample in samples if (sample["points"], sample["what"]) == (points, step))
