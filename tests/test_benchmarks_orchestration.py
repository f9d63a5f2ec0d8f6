"""The benchmark of the orchestration: each second belongs to somebody, and many photos are many photos."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import many_photos as many
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


def test_a_photos_cost_stands_beside_that_in_the_smallest_library() -> None:
    samples = [_sample("ingest", 0, 10.0) | {"photos": 1000}, _sample("ingest", 0, 99.0) | {"photos": 10_000}]
    assert flat_lines(samples)[3].startswith("| 10,000 | 99.0 | 9.9 | -1.0 % | 9.8 | +8.9 % |")


def test_photos_beyond_the_rendered_ones_are_other_photos_of_the_same_scenes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "RENDERED", 1)
    photos = many.many_photos(tmp_path, 3)
    contents = [photo.path.read_bytes() for photo in photos]
    assert len(set(contents)) == 3
    assert all(content.startswith(contents[0]) for content in contents)
    assert {photo.caption for photo in photos} == {photos[0].caption}
    assert sorted(path for path in many.folder_of(tmp_path, 3).rglob("*") if path.is_file()) == sorted(
        photo.path for photo in photos
    )


def _sample(way: str, run: int, wall_s: float) -> dict[str, Any]:
    quality = {"caption_exact": 1.0, "recall_at_1": 1.0}
    steps = [("decoded_images", 1.0, 2.0), ("image_inference", 2.0, wall_s)]
    return {"photos": 100, "way": way, "run": run, "wall_s": wall_s, "peak_mb": 5, "steps": steps, "quality": quality}
