"""The tables of the peers beside ours: for each course and task, every way in the order it was gone in.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py). A ratio is made within
each run; the median of the runs' ratios is shown. A way that has not read every photo has no ratio.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.peers_choice import OURS

Sample = Mapping[str, Any]
Runs = Sequence[Sample]

_TITLES = (
    "way",
    "photos read",
    "s",
    "with one photo, s",
    "photos/s after that",
    "ours is faster by",
    "after that by",
    "peak MB",
    "cosine: median, least",
    "captions right",
    "all runs, s",
)


def peers_lines(samples: Runs) -> list[str]:
    """A table for each course and task."""
    tables: dict[tuple[Any, ...], dict[str, list[Sample]]] = {}
    for sample in samples:
        table = sample["photos"], sample["kind"], sample["family"], sample["task"]
        tables.setdefault(table, {}).setdefault(sample["way"], []).append(sample)
    return [line for table, ways in tables.items() for line in ("", *_table(*table, ways))][1:]


def _table(photos: int, kind: str, family: str, task: str, ways: Mapping[str, Runs]) -> list[str]:
    lines = [f"{photos:,} photos, {kind}, {family} models, {task}:", ""]
    lines += [f"| {' | '.join(_TITLES)} |", f"|---|{'--:|' * (len(_TITLES) - 2)}---|"]
    return lines + [_line(way, runs, ways[OURS[task].title]) for way, runs in ways.items()]


def _line(way: str, runs: Runs, ours: Runs) -> str:
    complete = all(run["read"] == run["photos"] for run in runs)
    wall, alone, peak = (median(run[name] for run in runs) for name in ("wall_s", "alone_s", "peak_mb"))
    cosines = ", ".join(f"{min(run[name] for run in runs):.4f}" for name in ("median_cosine", "min_cosine"))
    right = f"{100 * min(run['captions_right'] for run in runs):.1f} %" if "captions_right" in runs[0] else "-"
    cells = [way, str(min(run["read"] for run in runs)), f"{wall:.1f}", f"{alone:.1f}"]
    cells += [f"{median(map(_rate, runs)):.2f}"]
    cells += [_ratio(lambda run: 1 / run["wall_s"], ours, runs), _ratio(_rate, ours, runs)] if complete else ["-", "-"]
    cells += [f"{peak:.0f}", cosines, right, ", ".join(f"{run['wall_s']:.1f}" for run in runs)]
    return f"| {' | '.join(cells)} |"


def _rate(run: Sample) -> float:
    """Photos per second beyond what the same command takes for one photo."""
    return float((run["read"] - 1) / max(run["wall_s"] - run["alone_s"], 0.001))


def _ratio(speed: Callable[[Sample], float], fast: Runs, slow: Runs) -> str:
    return f"{median(speed(one) / speed(other) for one, other in zip(fast, slow, strict=True)):.2f}"
