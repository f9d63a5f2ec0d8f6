"""Keeping whole runs of a benchmark."""

import json
from pathlib import Path

import pytest

from benchmarks import tables
from benchmarks.keeping import Sample, keep_runs


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tables, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(tables, "PAGES", ())
    return tmp_path / "results"


def test_whole_runs_are_kept_when_a_later_one_fails(results: Path) -> None:
    def measure(run: int) -> list[Sample]:
        if run == 2:
            raise SystemExit("no more")
        return [{"run": run, "way": way} for way in "AB"]

    with pytest.raises(SystemExit):
        keep_runs("some", {"cores": 2}, 3, measure)
    kept = json.loads((results / "some.json").read_text())
    assert [(sample["run"], sample["way"]) for sample in kept["samples"]] == [(0, "A"), (0, "B"), (1, "A"), (1, "B")]
    assert len(kept["took_s"]) == 2


def test_a_quick_look_measures_once_and_keeps_nothing(results: Path) -> None:
    measured: list[int] = []
    keep_runs("some", {}, 3, lambda run: measured.append(run) or [], quick=True)
    assert measured == [0]
    assert not results.exists()
