"""The tables of the peers beside ours: for each course and task, every way in the order it was gone in.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py). A ratio is made within
each run; the median of the runs' ratios is shown. A way that has not read every photo has no ratio, and
one that takes nearly as long for one photo has none of what is left.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.peers_choice import OURS

Sample = Mapping[str, Any]
Runs = Sequence[Sample]

LEAST_LEFT = 0.25  # of a run, beyond what one photo takes alone
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
    wall, alone, peak = (median(run[name] for run in runs) for name in ("wall_s", "alone_s", "peak_mb"))
    speeds, paces, our_paces = [1 / run["wall_s"] for run in runs], rates(runs), rates(ours)
    cells = [way, str(min(run["read"] for run in runs)), f"{wall:.1f}", f"{alone:.1f}"]
    cells += [f"{median(paces):.2f}" if paces else "-"]
    ratios = [_ratio([1 / run["wall_s"] for run in ours], speeds), _ratio(our_paces, paces)]
    cells += ratios if has_read_all(runs) else ["-", "-"]
    cells += [f"{peak:.0f}", _cosines(runs), _right(runs), ", ".join(f"{run['wall_s']:.1f}" for run in runs)]
    return f"| {' | '.join(cells)} |"


def has_read_all(runs: Runs) -> bool:
    """Whether no photo was left out in any run."""
    return all(run["read"] == run["photos"] for run in runs)


def rates(runs: Runs) -> list[float]:
    """Photos per second of each run beyond what the same command takes for one photo, by the median of that.

    None where that is nearly all of a run, so that what is left is mostly chance, or where there were no more photos.
    """
    alone_s = median(run["alone_s"] for run in runs)
    left_s = [run["wall_s"] - alone_s for run in runs]
    if any(run["read"] < 2 or left < LEAST_LEFT * run["wall_s"] for run, left in zip(runs, left_s, strict=True)):
        return []
    return [(run["read"] - 1) / left for run, left in zip(runs, left_s, strict=True)]


def _ratio(fast: Sequence[float], slow: Sequence[float]) -> str:
    if not (fast and slow):
        return "-"
    return f"{median(one / other for one, other in zip(fast, slow, strict=True)):.2f}"


def _cosines(runs: Runs) -> str:
    if any("median_cosine" not in run for run in runs):
        return "-"
    return ", ".join(f"{min(run[name] for run in runs):.4f}" for name in ("median_cosine", "min_cosine"))


def _right(runs: Runs) -> str:
    if any("captions_right" not in run for run in runs):
        return "-"
    return f"{100 * min(run['captions_right'] for run in runs):.1f} %"
