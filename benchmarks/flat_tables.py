"""The table of what a photo costs by the size of its library.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.orchestration_shares import BETWEEN, shares

Sample = Mapping[str, Any]
Samples = Sequence[Sample]

_TITLES = (
    "photos",
    "s",
    "ms a photo",
    "beside the smallest",
    "ms a photo in later runs",
    "beside the smallest",
    "last tenth beside the first",
    "between steps, ms a photo",
    "peak MB",
    "captions exact",
)
_EXPLAINED = (
    "*In later runs* leaves out the first run of Dagster, which is of one batch, and what is done once, as the loading "
    "of the models; a run's seconds are those from its first step's beginning to its last one's end. The last tenth of "
    "the later runs stands beside the first within one ingest, median beside median."
)


def flat_lines(samples: Samples) -> list[str]:
    """A line for each size, beside the smallest within each run; then what the columns are."""
    sizes = sorted({sample["photos"] for sample in samples})
    runs = {size: [sample for sample in samples if sample["photos"] == size] for size in sizes}
    lines = [f"| {' | '.join(_TITLES)} |", f"|{'--:|' * len(_TITLES)}"]
    lines += [_line(size, runs[size], runs[sizes[0]]) for size in sizes]
    return [*lines, "", _EXPLAINED]


def _line(photos: int, runs: Samples, smallest: Samples) -> str:
    cells = [f"{photos:,}", f"{median(run['wall_s'] for run in runs):.1f}"]
    cells += [f"{median(map(_ms, runs)):.1f}", _beside(_ms, runs, smallest)]
    cells += [f"{median(map(_later_ms, runs)):.1f}", _beside(_later_ms, runs, smallest), _more(map(_growth, runs))]
    cells += [f"{median(1000 * shares(run)[BETWEEN] / run['photos'] for run in runs):.1f}"]
    cells += [f"{median(run['peak_mb'] for run in runs):.0f}"]
    cells += [f"{100 * min(run['quality']['caption_exact'] for run in runs):.1f} %"]
    return f"| {' | '.join(cells)} |"


def _ms(run: Sample) -> float:
    return 1000 * float(run["wall_s"]) / float(run["photos"])


def _later_ms(run: Sample) -> float:
    files, seconds = zip(*_later(run), strict=True)
    return 1000 * sum(seconds) / sum(files)


def _growth(run: Sample) -> float:
    """A photo's time in the last tenth of the later runs beside that in the first tenth."""
    paces = [seconds / files for files, seconds in _later(run)]
    tenth = math.ceil(len(paces) / 10)
    return median(paces[-tenth:]) / median(paces[:tenth])


def _later(run: Sample) -> list[tuple[int, float]]:
    """Files and seconds of each run but the first; of that where there is no other."""
    runs = [(files, end - begin) for files, begin, end in run["runs"]]
    return runs[1:] or runs


def _beside(cost: Callable[[Sample], float], runs: Samples, smallest: Samples) -> str:
    return _more(cost(run) / cost(first) for run, first in zip(runs, smallest, strict=True))


def _more(ratios: Iterable[float]) -> str:
    return f"{median(100 * (ratio - 1) for ratio in ratios):+.1f} %"
