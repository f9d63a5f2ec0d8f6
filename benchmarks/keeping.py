"""Keeping what was measured: one JSON file of raw samples for each benchmark, and the tables made of it.

What belongs here: the loop that all benchmarks share. What does not: what a run is, which each of them knows.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks import tables

Sample = dict[str, Any]


def keep_runs(
    name: str, place: Mapping[str, Any], runs: int, measure: Callable[[int], Sequence[Sample]], quick: bool = False
) -> None:
    """Measure `runs` times; after each, write every sample so far to results/NAME.json, and the tables anew.

    So whole runs are kept, whatever becomes of the next. `measure` is told the number of its run, which its samples
    have as `run`. `quick` measures once, to see that everything runs, and keeps and writes nothing.
    """
    if quick:
        measure(0)
        return
    samples: list[Sample] = []
    took_s: list[float] = []
    for run in range(runs):
        started = time.perf_counter()
        samples += measure(run)
        took_s.append(round(time.perf_counter() - started, 1))
        keep(name, place, samples, took_s)
        tables.main()


def keep(name: str, place: Mapping[str, Any], samples: Sequence[Sample], took_s: Sequence[float] = ()) -> None:
    """Write results/NAME.json: where it was measured, every sample, and the seconds of each whole run."""
    result = {"benchmark": name, "environment": place, "took_s": took_s, "samples": samples}
    tables.RESULTS.mkdir(exist_ok=True)
    # The marker of a complete benchmark is its file, so it is written last and at once.
    (tables.RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
