"""The tables of the prototype's ladder: what each step is worth, and ours beside the prototype.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py). A ratio is made within
each run; the median of the runs' ratios is shown.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.prototype_ways import PROTOTYPE

Samples = Sequence[Mapping[str, Any]]
Course = tuple[str, str, int]  # models, kind of photos, number of photos


def prototype_lines(samples: Samples) -> list[str]:
    """For each course a table of its rungs, in the order they were climbed in."""
    return [line for course, ways in by_course(samples).items() for line in ("", *_course(course, ways))][1:]


def by_course(samples: Samples) -> dict[Course, dict[str, Samples]]:
    """The samples of each course and rung, in the order they were measured in."""
    courses: dict[Course, dict[str, Any]] = {}
    for sample in samples:
        course = sample["family"], sample["kind"], sample["photos"]
        courses.setdefault(course, {}).setdefault(sample["way"], []).append(sample)
    return courses


def title(course: Course) -> str:
    """What was climbed with."""
    family, kind, photos = course
    return f"{photos:,} photos, {kind}, {family} models"


def _course(course: Course, ways: Mapping[str, Samples]) -> list[str]:
    lines = [f"{title(course)}:", ""]
    lines += [
        "| way | photos read | s | times as fast as the prototype | as the step before | peak MB | cosine >= "
        "| captions equal |"
    ]
    lines += ["|---|--:|--:|--:|--:|--:|--:|--:|"]
    first = before = ways[PROTOTYPE.title]
    for way, runs in ways.items():
        lines.append(_line(way, runs, ratio(first, runs), ratio(before, runs)))
        before = runs
    return lines


def ratio(slow: Samples, fast: Samples) -> float:
    """How many times as fast, by the median of the runs."""
    return median(one["wall_s"] / other["wall_s"] for one, other in zip(slow, fast, strict=True))


def _line(way: str, runs: Samples, beside_first: float, beside_before: float) -> str:
    wall, memory = (median(run[name] for run in runs) for name in ("wall_s", "peak_mb"))
    read, cosine, equal = (min(run[name] for run in runs) for name in ("read", "min_cosine", "captions_equal"))
    figures = f"{read:,} | {wall:.1f} | {beside_first:.2f} | {beside_before:.2f} | {memory:.0f} | {cosine:.4f}"
    return f"| {way} | {figures} | {100 * equal:.1f} % |"
