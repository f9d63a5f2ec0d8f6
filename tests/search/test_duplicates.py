"""Groups of photos that are there more than once, found as comparing each with each would find them."""

import random
from collections.abc import Collection, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from photo_assets.search.compared import read_compared
from photo_assets.search.duplicates import Duplicates, Kind, find_duplicates, keep_first
from photo_assets.search.hashes import MAX_BITS, near_pairs, tells_something
from resources.decoding.looks import perceptual_hash
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import OFFLINE, Point, Record, VectorIndex
from tests.conftest import write_photo
from tests.vectors.samples import DIMENSIONS, VERSION, point_id, unit

HASH = 0x0F0F_F0F0_3C3C_C3C3


@pytest.fixture
def index(tmp_path: Path) -> Iterator[VectorIndex]:
    with EmbeddedIndex(tmp_path / "index", wait_s=0) as index:
        index.create_version(VERSION, DIMENSIONS)
        index.switch_alias(VERSION)
        yield index


def duplicates(
    index: VectorIndex, kinds: Collection[Kind] = tuple(Kind), *, show_missing: bool = False, **limits: Any
) -> Duplicates:
    photos = read_compared(index, with_vectors=Kind.SEMANTIC in kinds, show_missing=show_missing)
    return find_duplicates(photos, kinds, **limits)


def point(number: int, vector: np.ndarray | None = None, **payload: Any) -> Point:
    """Photo `number`, unlike any other by vector and hash unless told otherwise."""
    away = np.eye(DIMENSIONS, dtype=np.float32)[number % DIMENSIONS]
    own = {"perceptual_hash": f"{random.Random(number).getrandbits(64):016x}", "paths": [f"/p/{number}.jpg"]}
    return Point(point_id(number), away if vector is None else vector, own | payload)


@given(st.integers(0, MAX_BITS), st.integers(0, 2**32), st.integers(2, 40))
def test_pairs_are_those_of_comparing_each_with_each(max_bits: int, seed: int, count: int) -> None:
    generator = random.Random(seed)
    hashes = {HASH}
    while len(hashes) < count:  # each a little beside an earlier one, so that distances lie around the limit
        flips = generator.sample(range(64), generator.randint(1, 14))
        hashes.add(generator.choice(sorted(hashes)) ^ sum(1 << bit for bit in flips))
    expected = {pair for pair in combinations(sorted(hashes), 2) if (pair[0] ^ pair[1]).bit_count() <= max_bits}
    found = list(near_pairs(hashes, max_bits))
    assert {tuple(sorted(pair)) for pair in found} == expected
    assert len(found) == len(expected)


def test_a_distance_that_the_lookup_cannot_hold_is_refused() -> None:
    for max_bits in (-1, MAX_BITS + 1):
        with pytest.raises(ValueError, match="max_bits"):
            list(near_pairs([HASH], max_bits))


def test_a_plain_wall_has_a_hash_that_tells_nothing(tmp_path: Path) -> None:
    assert not tells_something(int(perceptual_hash(Image.new("RGB", (64, 48), "grey")), 16))
    with Image.open(write_photo(tmp_path / "photo.png", seed=1)) as picture:
        assert tells_something(int(perceptual_hash(picture), 16))


def test_a_photo_with_several_files_is_one_group_of_files(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(1, paths=["/p/copies/new/1.jpg", "/p/1.jpg", "/p/old.jpg"]), point(2)])
    (group,) = duplicates(index, [Kind.EXACT]).groups
    assert (group.kind, group.keep.paths) == ("exact", ["/p/1.jpg"])
    assert [copy.paths for copy in group.others] == [["/p/old.jpg"], ["/p/copies/new/1.jpg"]]


def test_one_picture_in_other_sizes_and_formats_is_one_group_and_the_raw_is_kept(index: VectorIndex) -> None:
    near = {"perceptual_hash": f"{HASH ^ 0b111:016x}"}
    index.upsert(
        VERSION,
        [
            point(1, perceptual_hash=f"{HASH:016x}", format="jpeg", width_px=6_020, height_px=4_010),
            point(2, **near, format="dng", width_px=6_000, height_px=4_000),
            point(3, **near, format="jpeg", width_px=600, height_px=400),
            point(4),
            point(5, perceptual_hash=f"{HASH ^ 0xFFF:016x}"),
        ],
    )
    (group,) = duplicates(index, [Kind.PERCEPTUAL]).groups
    assert group.keep.photo_id == point_id(2)
    assert [copy.photo_id for copy in group.others] == [point_id(1), point_id(3)]


def test_hashes_that_tell_nothing_join_nothing_and_missing_ones_are_counted(index: VectorIndex) -> None:
    walls = [point(number, perceptual_hash="8000000000000000") for number in (1, 2)]
    bare = [Point(point_id(number), unit(1), {"paths": []}) for number in (3, 4, 5)]
    index.upsert(VERSION, [*walls, *bare])
    found = duplicates(index, [Kind.PERCEPTUAL])
    assert (found.groups, found.without_hash) == ([], 3)


def test_nearly_the_same_view_is_a_group_that_holds_together_through_its_members(index: VectorIndex) -> None:
    turned = [unit(np.cos(angle), np.sin(angle)) for angle in (0.0, 0.2, 0.4)]  # cosines 0.98, 0.98 and 0.92
    index.upsert(VERSION, [point(number, vector) for number, vector in enumerate(turned)] + [point(7)])
    (group,) = duplicates(index, [Kind.SEMANTIC]).groups
    assert {group.keep.photo_id, *(copy.photo_id for copy in group.others)} == {point_id(n) for n in range(3)}
    assert duplicates(index, [Kind.SEMANTIC], min_cosine=0.99).groups == []


def test_a_group_that_an_earlier_kind_tells_is_not_told_again(index: VectorIndex) -> None:
    same = {"perceptual_hash": f"{HASH:016x}"}
    index.upsert(VERSION, [point(1, unit(1), **same), point(2, unit(1), **same)])
    assert [group.kind for group in duplicates(index).groups] == [Kind.PERCEPTUAL]
    assert [group.kind for group in duplicates(index, [Kind.SEMANTIC]).groups] == [Kind.SEMANTIC]


def test_more_equal_photos_than_the_index_is_asked_for_are_one_group(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(number, unit(1)) for number in range(70)])
    (group,) = duplicates(index, [Kind.SEMANTIC]).groups
    assert len(group.others) == 69


def test_offline_photos_are_passed_over_unless_asked_for(index: VectorIndex) -> None:
    same = {"perceptual_hash": f"{HASH:016x}", "vector": unit(1)}
    index.upsert(VERSION, [point(1, **same), point(2, **same, presence=OFFLINE)])
    assert duplicates(index).groups == []
    assert len(duplicates(index, show_missing=True).groups) == 1


def test_an_empty_collection_has_no_duplicates(tmp_path: Path) -> None:
    with EmbeddedIndex(tmp_path, wait_s=0) as index:
        assert duplicates(index).groups == []


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"format": "dng", "width_px": 10, "height_px": 10}, {"format": "jpeg", "width_px": 99, "height_px": 99}),
        ({"width_px": 20, "height_px": 10}, {"width_px": 10, "height_px": 10, "camera": "x", "rating": 5}),
        ({"camera": "x", "taken_at": "2021-01-01T00:00:00"}, {"taken_at": "2020-01-01T00:00:00"}),
        ({"taken_at": "2020-01-01T00:00:00"}, {"taken_at": "2021-01-01T00:00:00"}),
        ({"taken_at": "2020-01-01T00:00:00"}, {}),
    ],
    ids=["raw", "pixels", "metadata", "older", "known time"],
)
def test_the_one_to_keep(better: dict[str, Any], worse: dict[str, Any]) -> None:
    assert keep_first(Record("b", better)) < keep_first(Record("a", worse))
