"""Keeping what was measured: every sample as it comes, each benchmark's results as one JSON file, the tables of it.

What belongs here: the loop that all benchmarks share. What does not: what a run is, which each of them knows.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import tables
from benchmarks.processes import sigterm_as_exit

KEPT = Path("build") / "measured"

Sample = dict[str, Any]
Place = Mapping[str, Any]


@dataclass(frozen=True)
class Benchmark:
    """What is measured `runs` times under a name: `measure` yields the samples of the run of which it is told.

    The samples have the number of their run as `run`.
    """

    name: str
    runs: int
    measure: Callable[[int], Iterable[Sample]]


def keep_runs(
    place: Place,
    benchmarks: Sequence[Benchmark],
    *,
    quick: bool = False,
    part: bool = False,
    draw: Callable[[], None] = lambda: None,
) -> None:
    """Run each benchmark; after each run, publish its samples so far as results/NAME.json, with the tables.

    Every sample also goes to a file of its own below KEPT as soon as it is there, so that whatever fails later loses
    nothing. What the tables raise is told, and raised after the last run, when the plot is drawn too. `part` says that
    less is measured than is published: then nothing is. `quick` runs each once, and keeps and publishes nothing.
    """
    with sigterm_as_exit():
        for benchmark in benchmarks:
            if quick:
                list(benchmark.measure(0))
            else:
                _run(benchmark, place, part)
    if not (quick or part):
        try:
            tables.main()
        finally:
            draw()


def keep(name: str, place: Place, samples: Sequence[Sample], took_s: Sequence[float] = ()) -> None:
    """Write results/NAME.json: where it was measured, every sample, and the seconds of each whole run.

    Results of more samples are left as they are: fewer runs never take the place of more.
    """
    published = tables.RESULTS / f"{name}.json"
    if published.exists() and len(json.loads(published.read_text())["samples"]) > len(samples):
        print(f"{published} is left as it is: it has more samples", file=sys.stderr)
        return
    result = {"benchmark": name, "environment": place, "took_s": took_s, "samples": samples}
    tables.RESULTS.mkdir(exist_ok=True)
    # The marker of a complete benchmark is its file, so it is written last and at once.
    published.write_text(json.dumps(result, indent=1) + "\n")


def _run(benchmark: Benchmark, place: Place, part: bool) -> None:
    samples: list[Sample] = []
    took_s: list[float] = []
    with _notes(benchmark.name, place) as note:
        for run in range(benchmark.runs):
            started = time.perf_counter()
            for sample in benchmark.measure(run):
                note(sample)
                samples.append(sample)
            took_s.append(round(time.perf_counter() - started, 1))
            if not part:
                keep(benchmark.name, place, samples, took_s)
                _make_tables()


@contextmanager
def _notes(name: str, place: Place) -> Iterator[Callable[[Sample], None]]:
    """How to append a sample to this start's own file of JSON lines, of which the first says where it was measured."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}.jsonl").open("a", buffering=1) as file:
        file.write(json.dumps({"environment": place}) + "\n")
        yield lambda sample: print(json.dumps(sample), file=file)


def _make_tables() -> None:
    """The tables, which wait for the last run where they fail: the runs to come are worth more."""
    try:
        tables.main()
    except Exception as error:
        print(f"the tables could not be made, and are made again after the last run: {error!r}", file=sys.stderr)
