"""The benchmark of the orchestration: each second belongs to somebody, and what grows with a library shows."""

from typing import Any

from benchmarks.flat_tables import flat_lines
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


def test_the_first_run_of_an_ingest_is_not_in_the_later_ones_milliseconds() -> None:
    small, large = _of_runs((256, 9.0), (744, 7.44)), _of_runs((256, 9.0), (4_000, 80.0), (5_744, 114.88))
    lines = flat_lines([small, large])
    assert lines[2].startswith("| 1,000 | 16.4 | 16.4 | +0.0 % | 10.0 | +0.0 % | +0.0 % |")
    assert lines[3].startswith("| 10,000 | 203.9 | 20.4 | +24.0 % | 20.0 | +100.0 % | +0.0 % |")


def test_an_ingest_that_slows_down_is_seen_beside_its_own_beginning() -> None:
    slower = _of_runs((1_000, 9.0), *[(1_000, 10.0)] * 17, *[(1_000, 15.0)] * 3)
    assert "| 10.8 | +0.0 % | +50.0 % |" in flat_lines([slower])[2]


def _of_runs(*runs: tuple[int, float]) -> dict[str, Any]:
    """An ingest whose runs have so many files and take so long."""
    begins = [sum(seconds for _, seconds in runs[:number]) for number in range(len(runs) + 1)]
    told = [(files, begin, begin + seconds) for (files, seconds), begin in zip(runs, begins, strict=False)]
    sample = _sample("ingest", 0, begins[-1])
    return sample | {"photos": sum(files for files, _ in runs), "runs": told}


def _sample(way: str, run: int, wall_s: float) -> dict[str, Any]:
    quality = {"caption_exact": 1.0, "recall_at_1": 1.0}
    steps = [("decoded_images", 1.0, 2.0), ("image_inference", 2.0, wall_s)]
    return {"photos": 100, "way": way, "run": run, "wall_s": wall_s, "peak_mb": 5, "steps": steps, "quality": quality}
