"""The table of what a photo costs by the size of its library.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from benchmarks.orchestration_shares import BETWEEN, shares

Sample = Mapping[str, Any]
Samples = Sequence[Sample]

FIRST_STEP = "photo_files"  # of every batch
_TITLES = (
    "photos",
    "s",
    "ms a photo",
    "beside the smallest",
    "s a batch",
    "beside the smallest",
    "last tenth beside the first",
    "between steps, ms a photo",
    "peak MB",
    "captions exact",
)
_EXPLAINED = (
    "*S a batch* is the median over the batches of one ingest, from the beginning of one to that of the next: so what "
    "is done once, as the loading of the models, and the last batch, which may be smaller, are not in it. The last "
    "tenth of the batches stands beside the first within one ingest, median beside median."
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
    cells += [f"{median(map(_batch_s, runs)):.2f}", _beside(_batch_s, runs, smallest), _more(map(_growth, runs))]
    cells += [f"{median(1000 * shares(run)[BETWEEN] / run['photos'] for run in runs):.1f}"]
    cells += [f"{median(run['peak_mb'] for run in runs):.0f}"]
    cells += [f"{100 * min(run['quality']['caption_exact'] for run in runs):.1f} %"]
    return f"| {' | '.join(cells)} |"


def _ms(run: Sample) -> float:
    return 1000 * float(run["wall_s"]) / float(run["photos"])


def _batches_s(run: Sample) -> list[float]:
    """Seconds from the beginning of each batch to that of the next, in order; the last one has none to come."""
    begins = sorted(begin for name, begin, _ in run["steps"] if name == FIRST_STEP)
    return [later - begin for begin, later in pairwise(begins)]


def _batch_s(run: Sample) -> float:
    return median(_batches_s(run))


def _growth(run: Sample) -> float:
    """The last tenth of the batches beside the first tenth of those after the very first, which loads the models."""
    batches = _batches_s(run)[1:]
    tenth = math.ceil(len(batches) / 10)
    return median(batches[-tenth:]) / median(batches[:tenth])


def _beside(cost: Callable[[Sample], float], runs: Samples, smallest: Samples) -> str:
    return _more(cost(run) / cost(first) for run, first in zip(runs, smallest, strict=True))


def _more(ratios: Iterable[float]) -> str:
    return f"{median(100 * (ratio - 1) for ratio in ratios):+.1f} %"
