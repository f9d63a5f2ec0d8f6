"""The benchmark of the orchestration: each second belongs to somebody, and what grows with a library shows."""

from typing import Any

from benchmarks.flat_tables import FIRST_STEP, flat_lines
from benchmarks.orchestration_shares import BETWEEN, START, shares
from benchmarks.orchestration_tables import orchestration_lines


def test_every_second_of_the_clock_is_somebodys_and_none_is_two_steps() -> None:
    steps = [("decoded_images", 1.0, 3.0), ("image_inference", 2.0, 4.0), ("collection_points", 6.0, 7.0)]
    spent = {name: seconds for name, seconds in shares({"wall_s": 8.0, "steps": steps}).items() if seconds}
    assert spent == {
        START: 1.0,
        "decoded_images": 1.5,
        "image_inference": 1.5,
        "collection_points": 1.0,
        BETWEEN: 3.0,
    }
    assert sum(spent.values()) == 8.0


def test_a_step_that_outlives_the_clock_counts_as_long_as_it_runs() -> None:
    assert sum(shares({"wall_s": 2.0, "steps": [("scan", -1.0, 5.0)]}).values()) == 2.0


def test_the_ways_stand_beside_the_plain_loop_of_their_own_run() -> None:
    samples = [_sample(way, run, wall) for run, (plain, ours) in enumerate([(10, 11), (20, 20.2), (10, 10.2)])
               for way, wall in (("plain", plain), ("ingest", ours), ("daemon", ours))]  # fmt: skip
    lines = orchestration_lines(samples)
    assert "| +2.0 % | +10.0 %, +1.0 %, +2.0 % |" in lines[3]
    assert "| a plain loop | 10.0 | 10.0 |  |  |" in lines[2]


def test_what_an_ingest_does_once_is_in_no_batchs_seconds() -> None:
    small, large = _of_batches(1_000, [9.0, 1.0, 1.0, 1.0]), _of_batches(10_000, [9.0, *[2.0] * 39])
    lines = flat_lines([small, large])
    assert lines[2].startswith("| 1,000 | 12.0 | 12.0 | +0.0 % | 1.00 | +0.0 % | +0.0 % |")
    assert lines[3].startswith("| 10,000 | 87.0 | 8.7 | -27.5 % | 2.00 | +100.0 % | +0.0 % |")


def test_an_ingest_that_slows_down_is_seen_beside_its_own_beginning() -> None:
    slower = _of_batches(5_000, [9.0, *[1.0] * 17, 1.5, 1.5, 1.5])
    assert "| 1.00 | +0.0 % | +50.0 % |" in flat_lines([slower])[2]


def _of_batches(photos: int, seconds: list[float]) -> dict[str, Any]:
    """An ingest whose batches take so long."""
    begins = [sum(seconds[:number]) for number in range(len(seconds))]
    steps = [(FIRST_STEP, begin, begin + 0.5) for begin in begins]
    return _sample("ingest", 0, sum(seconds)) | {"photos": photos, "steps": steps}


def _sample(way: str, run: int, wall_s: float) -> dict[str, Any]:
    quality = {"caption_exact": 1.0, "recall_at_1": 1.0}
    steps = [("decoded_images", 1.0, 2.0), ("image_inference", 2.0, wall_s)]
    return {"photos": 100, "way": way, "run": run, "wall_s": wall_s, "peak_mb": 5, "steps": steps, "quality": quality}
