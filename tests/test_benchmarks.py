"""What is made of a benchmark's raw samples."""

from benchmarks.decode_tables import decode_lines, pool_lines
from benchmarks.decode_ways import OURS, OURS_WHOLE


def sample(way: str, ms: list[float], psnr_db: float = 50.0) -> dict[str, object]:
    return {"file": "jpeg", "way": way, "ms": ms, "psnr_db": psnr_db}


def test_a_way_of_less_quality_is_never_the_one_we_are_compared_with():
    samples = [
        sample(OURS_WHOLE, [12.0]),
        sample(OURS, [10.0]),
        sample("plain", [40.0]),
        sample("fast", [8.0]),
        sample("careless", [1.0], psnr_db=37.9),
    ]
    assert decode_lines(samples)[-1] == "| jpeg | fast | 1.25 | plain | 4.0 |"


def test_a_slow_run_slows_both_sides_of_its_ratio():
    quiet = [sample(OURS, [9.0, 10.0, 30.0]), sample("plain", [40.0])]
    busy = [sample(OURS, [20.0]), sample("plain", [80.0])]
    assert decode_lines([*quiet, *busy, *busy])[-1] == "| jpeg | plain | 0.25 | plain | 4.0 |"


def test_the_pool_is_compared_within_each_run():
    seconds = {0: (10.0, 20.0, 10.0), 1: (11.0, 22.0, 11.0), 2: (5.5, 11.0, 5.5)}
    samples = [{"workers": n, "photos": 100, "seconds": spent} for n, runs in seconds.items() for spent in runs]
    lines = pool_lines(samples)
    assert "| 2 workers over 1 | 2.00 | 2.00, 2.00, 2.00 |" in lines
    assert any(line.startswith("| isolation: 1 worker beside the plain loop, % more time | 10.00 |") for line in lines)
