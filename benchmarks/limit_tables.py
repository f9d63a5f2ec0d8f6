"""The tables of the pipeline beside its stages alone, and how near it comes to the slowest of them.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py). Shares are made within
each run; the median of the runs' shares is shown.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

Run = Mapping[str, Mapping[str, Any]]  # a sample by what it is of
SecondsOf = Callable[[Run], float]

INGEST, DECODING, MODELS, UPSERT = "photos ingest", "decoding", "models", "upsert"
# The pipeline's steps that do a stage's work.
STEPS_OF = {
    DECODING: ("decoded_images",),
    MODELS: ("image_inference", "caption_embeddings"),
    UPSERT: ("collection_points",),
}


def limit_lines(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    """For each course a table of its stages, and the verdict."""
    courses: dict[str, dict[int, dict[str, Any]]] = {}
    for sample in samples:
        course = f"{sample['photos']:,} photos of mixed formats, {sample['family']} models:"
        courses.setdefault(course, {}).setdefault(sample["run"], {})[sample["what"]] = sample
    return [line for course, runs in courses.items() for line in ("", course, "", *_course([*runs.values()]))][1:]


def _course(runs: Sequence[Run]) -> list[str]:
    lines = ["| | alone, s | within `photos ingest`, s | photos done | all runs alone, s |", "|---|--:|--:|--:|---|"]
    lines += [_stage(stage, runs) for stage in STEPS_OF]
    rest: dict[str, SecondsOf] = {"loading the models": _loading, "other steps": _others, "between": _between}
    lines += [f"| *{what}* | | {_median(spent, runs):.1f} | | |" for what, spent in rest.items()]
    whole = [run[INGEST]["seconds"] for run in runs]
    done = min(run[INGEST]["done"] for run in runs)
    lines.append(f"| all of `photos ingest` | | {median(whole):.1f} | {done:,} | {_listed(whole)} |")
    return [*lines, "", _verdict(runs)]


def _stage(stage: str, runs: Sequence[Run]) -> str:
    alone = [run[stage]["seconds"] for run in runs]
    within = _median(lambda run: _within(stage, run), runs)
    done = min(run[stage]["done"] for run in runs)
    return f"| {stage} | {median(alone):.1f} | {within:.1f} | {done:,} | {_listed(alone)} |"


def _verdict(runs: Sequence[Run]) -> str:
    slowest = max(STEPS_OF, key=lambda stage: _median(lambda run: run[stage]["seconds"], runs))
    of_slowest = _median(lambda run: run[slowest]["seconds"] / run[INGEST]["seconds"], runs)
    of_all = _median(lambda run: sum(run[stage]["seconds"] for stage in STEPS_OF) / run[INGEST]["seconds"], runs)
    return (
        f"`photos ingest` is {100 * of_slowest:.0f} % as fast as its slowest stage alone, {slowest}, "
        f"and {100 * of_all:.0f} % as fast as the three one after the other."
    )


def _within(stage: str, run: Run) -> float:
    """Seconds of the pipeline's steps that do a stage's work; loading is told apart."""
    spent = sum(run[INGEST]["steps_s"].get(step, 0.0) for step in STEPS_OF[stage])
    return spent - (_loading(run) if stage == MODELS else 0.0)


def _loading(run: Run) -> float:
    return float(run[MODELS]["loading_s"])


def _others(run: Run) -> float:
    named = {step for steps in STEPS_OF.values() for step in steps}
    return float(sum(spent for step, spent in run[INGEST]["steps_s"].items() if step not in named))


def _between(run: Run) -> float:
    return float(run[INGEST]["seconds"] - sum(run[INGEST]["steps_s"].values()))


def _median(of: SecondsOf, runs: Sequence[Run]) -> float:
    return median(of(run) for run in runs)


def _listed(seconds: Sequence[float]) -> str:
    return ", ".join(f"{each:.1f}" for each in seconds)
