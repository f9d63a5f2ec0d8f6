"""The tables of the prototype's ladder: what each step is worth, and ours beside the prototype.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py). A ratio is made within
each run; the median of the runs' ratios is shown.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.prototype_ways import PROTOTYPE

Samples = Sequence[Mapping[str, Any]]


def prototype_lines(samples: Samples) -> list[str]:
    """For each course a table of its rungs, in the order they were climbed in."""
    courses: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for sample in samples:
        courses.setdefault((sample["family"], sample["kind"], sample["photos"]), []).append(sample)
    return [line for course, climbed in courses.items() for line in ("", *_course(course, climbed))][1:]


def _course(course: tuple[Any, ...], samples: Samples) -> list[str]:
    family, kind, photos = course
    lines = [f"{photos:,} photos, {kind}, {family} models:", ""]
    lines += [
        "| way | s | times as fast as the prototype | as the step before | peak MB | cosine >= | captions equal |"
    ]
    lines += ["|---|--:|--:|--:|--:|--:|--:|"]
    ways: dict[str, list[Mapping[str, Any]]] = {}
    for sample in samples:
        ways.setdefault(sample["way"], []).append(sample)
    first = before = ways[PROTOTYPE.title]
    for title, runs in ways.items():
        lines.append(_line(title, runs, _ratio(first, runs), _ratio(before, runs)))
        before = runs
    return lines


def _ratio(slow: Samples, fast: Samples) -> float:
    return median(one["wall_s"] / other["wall_s"] for one, other in zip(slow, fast, strict=True))


def _line(title: str, runs: Samples, beside_first: float, beside_before: float) -> str:
    wall, memory = (median(run[name] for run in runs) for name in ("wall_s", "peak_mb"))
    cosine, equal = (min(run[name] for run in runs) for name in ("min_cosine", "captions_equal"))
    figures = (
        f"{wall:.1f} | {beside_first:.2f} | {beside_before:.2f} | {memory:.0f} | {cosine:.4f} | {100 * equal:.1f} %"
    )
    return f"| {title} | {figures} |"
