"""What is made of a benchmark's raw samples."""

from benchmarks.collection_points import FILTERS
from benchmarks.collection_tables import collection_lines, writing_lines
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


def test_every_way_of_searching_has_its_size_its_own_disk_and_the_median_of_its_runs():
    spent = {f"{name} {tail}": 1.0 for name in FILTERS for tail in ("p50_ms", "p95_ms")}
    searched = spent | {"memory_mb": 300, "reopen_ms": 200.0, "recall_at_10": 0.99}
    once = {
        "filled": {"in_per_s": 5_000, "disk_mb": 90},
        "searched as it came in": searched,
        "graph built": {"build_s": 10.0, "disk_mb": 120},
        "searched by graph": searched | {"no filter p50_ms": 0.5},
        "searched by graph, 256 candidates": searched | {"recall_at_10": 0.88},
        "int8 built": {"build_s": 5.0, "disk_mb": 150},
        "searched by int8": searched,
    }
    samples = [{"points": 10_000, "run": 0, "what": what} | taken for what, taken in once.items()]
    slow = [sample | {"run": 1, "build_s": 99.0, "no filter p50_ms": 9.0} for sample in samples]
    lines = collection_lines([*samples, *samples, *slow])
    assert any(line.startswith("| 10,000 | as it came in | 5,000 |  | 90 |") for line in lines)
    graph = (
        "| 10,000 | by graph |  | 10.0 | 120 | 300 | 200 | 0.990 | 0.50, 1.00 | 1.00, 1.00 | 1.00, 1.00 | 1.00, 1.00 |"
    )
    assert graph in lines
    assert any(line.startswith("| 10,000 | by graph, 256 candidates |") and " 0.880 " in line for line in lines)
    assert sum(line.startswith("| 10,000 | ") for line in lines) == 4


def test_writing_is_compared_within_each_run():
    embedded = {"what": "embedded, kept open"}
    rates = [(100, 2_000), (100, 1_000), (10, 400)]
    samples = [embedded | {"one_by_one_per_s": one, "by_batches_per_s": many} for one, many in rates]
    over = {"what": "over HTTP", "one_by_one_per_s": 200, "by_batches_per_s": 1_000, "empty_request_ms": 1.5}
    lines = writing_lines([*samples, over])
    assert "| embedded, kept open | 100 | 1,000 | 20.0 | 20.0, 10.0, 40.0 |" in lines
    assert "| over HTTP | 200 | 1,000 | 5.0 | 5.0 |" in lines
    assert lines[-1] == "A request to the stand-in without any point takes 1.50 ms."
