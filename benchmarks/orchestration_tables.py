"""The table of the ways from files to points, and what of each second was a step's.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py). Ratios are made within
each run; the median of the runs' ratios is shown.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.orchestration_shares import BETWEEN, START, shares

Samples = Sequence[Mapping[str, Any]]

TITLES = {"plain": "a plain loop", "ingest": "`photos ingest`", "daemon": "sensor and daemon"}


def orchestration_lines(samples: Samples) -> list[str]:
    """A line for each way, then one for each part of their seconds."""
    ways = {way: [sample for sample in samples if sample["way"] == way] for way in TITLES}
    lines = ["| way | s | photos/s | beside the plain loop | all runs | peak MB | captions exact | recall@1 |"]
    lines += ["|---|--:|--:|--:|---|--:|--:|--:|"]
    lines += [_line(TITLES[way], runs, ways["plain"]) for way, runs in ways.items()]
    lines += ["", "| seconds | " + " | ".join(TITLES.values()) + " |", "|---|" + "--:|" * len(ways)]
    return lines + _parts(list(ways.values()))


def _line(title: str, runs: Samples, plain: Samples) -> str:
    wall, memory = (median(run[name] for run in runs) for name in ("wall_s", "peak_mb"))
    more = [100 * (run["wall_s"] / loop["wall_s"] - 1) for run, loop in zip(runs, plain, strict=True)]
    listed = ", ".join(f"{each:+.1f} %" for each in more) if runs is not plain else ""
    beside = f"{median(more):+.1f} %" if runs is not plain else ""
    quality = (100 * min(run["quality"][name] for run in runs) for name in ("caption_exact", "recall_at_1"))
    exact, recall = (f"{share:.1f} %" for share in quality)
    speed = runs[0]["photos"] / wall
    return f"| {title} | {wall:.1f} | {speed:.1f} | {beside} | {listed} | {memory:.0f} | {exact} | {recall} |"


def _parts(ways: Sequence[Samples]) -> list[str]:
    spent = [median_shares(runs) for runs in ways]
    names = [name for name in spent[0] if any(way.get(name, 0.0) >= 0.05 for way in spent)]
    shown = {name: f"*{name}*" if name in (START, BETWEEN) else name for name in names}
    return [f"| {shown[name]} | " + " | ".join(f"{way.get(name, 0.0):.1f}" for way in spent) + " |" for name in names]


def median_shares(runs: Samples) -> dict[str, float]:
    """The median over the runs of each part's seconds."""
    each = [shares(run) for run in runs]
    return {part: median(of_run.get(part, 0.0) for of_run in each) for part in each[0]}
