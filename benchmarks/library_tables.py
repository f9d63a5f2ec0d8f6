"""The table of looking at a library: a line per size and step.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py).
"""

from collections.abc import Sequence
from statistics import median
from typing import Any

Samples = Sequence[dict[str, Any]]


def library_lines(samples: Samples) -> list[str]:
    """Every size's steps, in the order they were measured in."""
    groups: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for sample in samples:
        groups.setdefault((sample["files"], sample["what"]), []).append(sample)
    lines = ["| files | what | s | CPU s | peak MB | all runs, s |", "|--:|---|--:|--:|--:|---|"]
    return lines + [_line(files, what, runs) for (files, what), runs in groups.items()]


def _line(files: int, what: str, runs: Samples) -> str:
    wall, cpu = (median(run[clock] for run in runs) for clock in ("wall_s", "cpu_s"))
    memory = max(run["peak_mb"] for run in runs)
    listed = ", ".join(f"{run['wall_s']:.2f}" for run in runs)
    return f"| {files:,} | {what} | {wall:.2f} | {cpu:.2f} | {memory} | {listed} |"
