"""What a benchmark has measured is kept, whatever becomes of the rest of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import keeping, tables
from benchmarks.keeping import Benchmark, Sample, keep_runs


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tables, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(tables, "PAGES", ())
    monkeypatch.setattr(keeping, "KEPT", tmp_path / "measured")
    return tmp_path / "results"


def measure(run: int) -> Iterator[Sample]:
    for way in "AB":
        yield {"run": run, "way": way}


def fail_in_run_2(run: int) -> Iterator[Sample]:
    yield {"run": run, "way": "A"}
    if run == 2:
        raise SystemExit("no more")
    yield {"run": run, "way": "B"}


def test_whole_runs_are_kept_when_a_later_one_fails(results: Path) -> None:
    with pytest.raises(SystemExit):
        keep_runs({"cores": 2}, [Benchmark("some", 3, fail_in_run_2)])
    kept = json.loads((results / "some.json").read_text())
    assert _told(kept["samples"]) == ["0A", "0B", "1A", "1B"]
    assert len(kept["took_s"]) == 2


def test_every_sample_is_kept_as_it_comes_with_where_it_was_measured(results: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        keep_runs({"cores": 2}, [Benchmark("some", 3, fail_in_run_2)])
    (notes,) = (tmp_path / "measured").iterdir()
    place, *samples = map(json.loads, notes.read_text().splitlines())
    assert place == {"environment": {"cores": 2}}
    assert _told(samples) == ["0A", "0B", "1A", "1B", "2A"]


def test_tables_that_cannot_be_made_wait_until_everything_is_measured(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "PAGES", (tmp_path / "no such page",))
    drawn: list[bool] = []
    benchmarks = [Benchmark(name, 2, measure) for name in ("some", "other")]
    with pytest.raises(FileNotFoundError):
        keep_runs({}, benchmarks, draw=lambda: drawn.append(True))
    for name in ("some", "other"):
        assert _told(json.loads((results / f"{name}.json").read_text())["samples"]) == ["0A", "0B", "1A", "1B"]
    assert drawn == [True]


def test_fewer_runs_never_take_the_place_of_more(results: Path) -> None:
    keep_runs({}, [Benchmark("some", 3, measure)])
    published = (results / "some.json").read_text()
    keep_runs({"cores": 64}, [Benchmark("some", 2, measure)])
    assert (results / "some.json").read_text() == published
    keep_runs({"cores": 64}, [Benchmark("some", 3, measure)])
    assert json.loads((results / "some.json").read_text())["environment"] == {"cores": 64}


def test_a_part_is_kept_and_not_published(results: Path, tmp_path: Path) -> None:
    keep_runs({}, [Benchmark("some", 9, measure)], part=True, draw=lambda: pytest.fail("drawn"))
    assert not results.exists()
    assert len(list((tmp_path / "measured").iterdir())) == 1


def test_a_quick_look_measures_once_and_keeps_nothing(results: Path, tmp_path: Path) -> None:
    measured: list[int] = []
    keep_runs({}, [Benchmark("some", 3, lambda run: measured.append(run) or [])], quick=True)
    assert measured == [0]
    assert list(tmp_path.iterdir()) == []


def _told(samples: list[Sample]) -> list[str]:
    return [f"{sample['run']}{sample['way']}" for sample in samples]
