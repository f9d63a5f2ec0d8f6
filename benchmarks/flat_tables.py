"""The table of what a photo costs by the size of its library.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py).
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.orchestration_shares import BETWEEN, START, shares

Sample = Mapping[str, Any]
Samples = Sequence[Sample]


def flat_lines(samples: Samples) -> list[str]:
    """A line for each size; beside the smallest within each run."""
    sizes = sorted({sample["photos"] for sample in samples})
    runs = {size: [sample for sample in samples if sample["photos"] == size] for size in sizes}
    lines = ["| photos | s | ms a photo | beside the smallest | of it after the start | beside the smallest |"]
    lines[0] += " between steps | peak MB | captions exact |"
    lines += ["|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]
    return lines + [_line(size, runs[size], runs[sizes[0]]) for size in sizes]


def _line(photos: int, runs: Samples, smallest: Samples) -> str:
    whole, after, idle = (_ms(part, runs) for part in (_wall, _after_the_start, _between))
    cells = [f"{photos:,}", f"{median(run['wall_s'] for run in runs):.1f}"]
    cells += [f"{median(whole):.1f}", _beside(whole, _ms(_wall, smallest))]
    cells += [f"{median(after):.1f}", _beside(after, _ms(_after_the_start, smallest)), f"{median(idle):.1f}"]
    cells += [f"{median(run['peak_mb'] for run in runs):.0f}"]
    cells += [f"{100 * min(run['quality']['caption_exact'] for run in runs):.1f} %"]
    return f"| {' | '.join(cells)} |"


def _wall(run: Sample) -> float:
    return float(run["wall_s"])


def _after_the_start(run: Sample) -> float:
    return _wall(run) - shares(run)[START]


def _between(run: Sample) -> float:
    return shares(run)[BETWEEN]


def _ms(seconds_of: Callable[[Sample], float], runs: Samples) -> list[float]:
    return [1000 * seconds_of(run) / run["photos"] for run in runs]


def _beside(costs: list[float], smallest: list[float]) -> str:
    return f"{median(100 * (cost / first - 1) for cost, first in zip(costs, smallest, strict=True)):+.1f} %"
