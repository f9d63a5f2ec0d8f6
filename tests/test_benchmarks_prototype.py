"""The prototype's ladder, and what is made of its raw samples."""

from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.prototype import agreement
from benchmarks.prototype_client import file_for
from benchmarks.prototype_service import picture_of
from benchmarks.prototype_tables import prototype_lines
from benchmarks.prototype_ways import OURS, PROTOTYPE, Way, ladder
from benchmarks.readme_tables import beside_prototype_lines
from tests.decoding.dng_samples import dng


def sample(way: str, wall_s: float, **also: object) -> dict[str, object]:
    known = {"family": "small", "kind": "mixed", "photos": 10, "read": 10, "peak_mb": 100, "min_cosine": 1.0}
    return known | {"captions_equal": 1.0} | {"way": way, "wall_s": wall_s} | also


def test_every_rung_takes_what_is_below_it_and_one_step_more() -> None:
    rungs = [asdict(way) for way in ladder()]
    steps = [{name for name in above if above[name] != below[name]} - {"title"} for below, above in pairwise(rungs)]
    assert steps == [
        {"half"},
        {"request", "at_once"},
        {"request", "at_once"},
        {"raw_outside"},
        {"bulk"},
        {"parallel"},
        {"request"},
    ]


def test_a_slow_run_slows_every_rung_of_it() -> None:
    runs = [
        each
        for slower in (1.0, 10.0, 1.0)
        for each in (
            sample(PROTOTYPE.title, 8 * slower),
            sample("a step", 4 * slower, captions_equal=0.5, read=9),
            sample(OURS, 2 * slower),
        )
    ]
    assert prototype_lines(runs)[-3:] == [
        f"| {PROTOTYPE.title} | 10 | 8.0 | 1.00 | 1.00 | 100 | 1.0000 | 100.0 % |",
        "| a step | 9 | 4.0 | 2.00 | 2.00 | 100 | 1.0000 | 50.0 % |",
        f"| {OURS} | 10 | 2.0 | 4.00 | 2.00 | 100 | 1.0000 | 100.0 % |",
    ]


def test_the_readme_has_the_ends_of_the_ladders_that_were_not_climbed_rung_by_rung() -> None:
    ends = [
        sample(way, seconds * slower, photos=1_000)
        for slower in (1.0, 10.0, 1.1)
        for way, seconds in ((PROTOTYPE.title, 8), (OURS, 2))
    ]
    climbed = [sample(way, 1.0) for way in (PROTOTYPE.title, "a step", OURS)]
    assert beside_prototype_lines(ends + climbed)[2:] == ["| 1,000 photos, mixed, small models | 8.8 | 2.2 | 4.0 |"]


@pytest.mark.parametrize("way", ladder(), ids=lambda way: way.title)
def test_on_every_rung_the_service_can_open_what_goes_to_it_of_a_raw_file(way: Way, tmp_path: Path) -> None:
    path = tmp_path / "RAW_1.DNG"
    path.write_bytes(dng(Image.new("RGB", (96, 64), "orange")))
    red, _, blue = picture_of(*file_for(way, path)).resize((1, 1)).getpixel((0, 0))
    assert red > 200 > 60 > blue


def test_answers_are_compared_by_photo_in_whatever_order_they_came() -> None:
    first = {"names": np.array(["a", "b"]), "vectors": np.eye(2), "captions": np.array(["one", "two"])}
    turned = {name: values[::-1] for name, values in first.items()}
    assert agreement(first, turned) == {"min_cosine": 1.0, "captions_equal": 1.0}


def test_a_photo_that_only_the_prototype_has_read_has_no_equal_caption() -> None:
    first = {"names": np.array(["a", "b"]), "vectors": np.eye(2), "captions": np.array(["one", "two"])}
    lacking = {name: values[1:] for name, values in first.items()}
    assert agreement(first, lacking) == {"min_cosine": 1.0, "captions_equal": 0.5}
