"""The tables of decoding: a line per file and way, and the pool's figures.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py). A ratio is made within
each run, since a noisy machine is equally noisy to neighbours; the median of the runs' ratios is shown.
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.decode_ways import OURS, OURS_WHOLE
from benchmarks.pool_once import LOOP

EQUAL_QUALITY_DB = 38.0

Samples = Sequence[dict[str, Any]]


def decode_lines(samples: Samples) -> list[str]:
    """Milliseconds, ratio to ours, and quality of each way on each file."""
    lines = ["| photo | way | ms | x ours | PSNR, dB | all runs, ms |", "|---|---|--:|--:|--:|---|"]
    for file, ways in by_file(samples).items():
        lines += [_line(file, way, runs, ways[OURS]) for way, runs in ways.items()]
    return [*lines, "", *verdict_lines(samples)]


def verdict_lines(samples: Samples) -> list[str]:
    """Ours beside the fastest alternative of equal quality and beside the plain way, which is each file's first."""
    lines = ["| photo | fastest of equal quality | our time beside it | plain way | ours is faster by |"]
    lines += ["|---|---|--:|---|--:|"]
    for file, ways in by_file(samples).items():
        ours = medians_ms(ways[OURS])
        others = {way: medians_ms(runs) for way, runs in ways.items() if way not in (OURS, OURS_WHOLE)}
        equal = [way for way in others if is_equal_quality(ways[way])]
        plain, fastest = next(iter(others)), min(equal, key=lambda way: sum(others[way]))
        beside, faster = median(_ratios(ours, others[fastest])), median(_ratios(others[plain], ours))
        lines.append(f"| {file} | {fastest} | {beside:.2f} | {plain} | {faster:.1f} |")
    return lines


def pool_lines(samples: Samples) -> list[str]:
    """Photos per second in a plain loop, with one and with two workers, and what follows."""
    seconds = {
        workers: [sample["seconds"] for sample in samples if sample["workers"] == workers] for workers in (LOOP, 1, 2)
    }
    photos = samples[0]["photos"]
    loop, one, two = ([photos / spent for spent in runs] for runs in seconds.values())
    overhead_ms = [1000 * (a - b) / photos for a, b in zip(seconds[1], seconds[LOOP], strict=True)]
    rows = {
        "plain loop, photos/s": loop,
        "pool of 1 worker, photos/s": one,
        "pool of 2 workers, photos/s": two,
        "2 workers over 1": _ratios(two, one),
        "isolation: 1 worker beside the plain loop, % more time": [100 * (r - 1) for r in _ratios(loop, one)],
        "isolation: ms per photo": overhead_ms,
    }
    lines = [f"| {what} | {median(runs):.2f} | {_listed(runs, 2)} |" for what, runs in rows.items()]
    return [f"| {photos} photos | median | all runs |", "|---|--:|---|", *lines]


def by_file(samples: Samples) -> dict[str, dict[str, Samples]]:
    """The samples of each file and way, in the order they were measured in."""
    files: dict[str, dict[str, Any]] = {}
    for sample in samples:
        files.setdefault(sample["file"], {}).setdefault(sample["way"], []).append(sample)
    return files


def medians_ms(runs: Samples) -> list[float]:
    """The median of the calls of each run."""
    return [median(sample["ms"]) for sample in runs]


def is_equal_quality(runs: Samples) -> bool:
    """Say whether a way's result is near enough to the exact one to be compared by its speed."""
    return bool(runs[0]["psnr_db"] >= EQUAL_QUALITY_DB)


def _line(file: str, way: str, runs: Samples, ours: Samples) -> str:
    spent = medians_ms(runs)
    ratio = median(_ratios(spent, medians_ms(ours)))
    quality = f"{runs[0]['psnr_db']:.1f}"
    return f"| {file} | {way} | {median(spent):.0f} | {ratio:.2f} | {quality} | {_listed(spent, 0)} |"


def _ratios(values: Sequence[float], others: Sequence[float]) -> list[float]:
    return [value / other for value, other in zip(values, others, strict=True)]


def _listed(values: Sequence[float], digits: int) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)
