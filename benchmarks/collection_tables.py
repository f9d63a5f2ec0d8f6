"""The tables of the collection: what came in how fast, and a line for each size and way of searching.

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
    "searched by int8": "int8 built",
}


def collection_lines(samples: Samples) -> list[str]:
    """Writing first, then over HTTP, then searching."""
    sizes = sorted({sample["points"] for sample in samples})
    return [*_writing(samples, sizes), "", *_over_http(samples), *_searching(samples, sizes)]


def _writing(samples: Samples, sizes: Sequence[int]) -> list[str]:
    lines = ["| points | in, points/s | one by one, points/s | by batches, points/s | ratio |", "|--:|--:|--:|--:|--:|"]
    for points in sizes:
        single, batched = (
            _median(samples, points, "one by one, by batches", f"{name}_per_s") for name in ("one_by_one", "by_batches")
        )
        written = _median(samples, points, "filled", "in_per_s")
        lines.append(f"| {points:,} | {written:,.0f} | {single:,.0f} | {batched:,.0f} | {batched / single:.1f} |")
    return lines


def _over_http(samples: Samples) -> list[str]:
    """Of all sizes together: how many points there are does not matter to a request."""
    taken = [sample for sample in samples if sample["what"] == "over HTTP"]
    if not taken:  # not measured yet
        return []
    names = ("one_by_one_per_s", "by_batches_per_s", "empty_request_ms")
    single, batched, empty = (median(sample[name] for sample in taken) for name in names)
    return [
        "| over HTTP, to a stand-in | one by one, points/s | by batches, points/s | ratio | an empty request, ms |",
        "|---|--:|--:|--:|--:|",
        f"| {len(taken)} times | {single:,.0f} | {batched:,.0f} | {batched / single:.1f} | {empty:.2f} |",
        "",
    ]


def _searching(samples: Samples, sizes: Sequence[int]) -> list[str]:
    head = ["points", "way", "build s", "disk MB", "memory MB", "reopening ms", "recall@10"]
    head += [f"{name}: p50, p95 ms" for name in FILTERS]
    lines = [f"| {' | '.join(head)} |", "|--:|---" + "|--:" * (len(head) - 2) + "|"]
    for points in sizes:
        for searched, made in _WAYS.items():
            lines.append(_line(samples, points, searched, made))
    return lines


def _line(samples: Samples, points: int, searched: str, made: str) -> str:
    def of(key: str, step: str = searched) -> float:
        return _median(samples, points, step, key)

    build = f"{of('build_s', made):.1f}" if made != "filled" else ""
    cells = [f"{points:,}", searched.removeprefix("searched "), build, f"{of('disk_mb', made):,.0f}"]
    cells += [f"{of('memory_mb'):,.0f}", f"{of('reopen_ms'):.0f}", f"{of('recall_at_10'):.3f}"]
    cells += [f"{of(f'{name} p50_ms'):.2f}, {of(f'{name} p95_ms'):.2f}" for name in FILTERS]
    return f"| {' | '.join(cells)} |"


def _median(samples: Samples, points: int, step: str, key: str) -> float:
    return median(sample[key] for sample in samples if (sample["points"], sample["what"]) == (points, step))
