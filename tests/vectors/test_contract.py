"""What every VectorIndex does, whichever engine stands behind it."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from resources.vectors.errors import (
    ActiveVersion,
    DimensionMismatch,
    InvalidPoint,
    InvalidVersionName,
    UnknownVersion,
)
from resources.vectors.port import OFFLINE, Filters, Point, Record, VectorIndex

from .samples import DIMENSIONS, OTHER_VERSION, VERSION, payload, point, point_id, unit

# the in-memory server says that it has no indexes; what is found does not depend on them
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact:UserWarning"),
]


def test_nearest_point_comes_first_with_its_payload_and_cosine(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(number) for number in range(100)])
    hits = index.query(VERSION, point(30).vector, limit=3)
    assert hits[0].point_id == point_id(30)
    assert hits[0].score == pytest.approx(1.0, abs=1e-5)
    assert {hit.point_id for hit in hits[1:]} == {point_id(29), point_id(31)}
    assert hits[0].payload == payload(30)


def test_score_is_the_cosine_whatever_the_length_of_the_query(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(0, unit(1.0)), point(1, unit(0.6, 0.8)), point(2, unit(-1.0))])
    hits = index.query(VERSION, unit(1.0) * 7, limit=10)
    assert [hit.score for hit in hits] == pytest.approx([1.0, 0.6, -1.0], abs=1e-6)


def test_replaying_an_upsert_overwrites_and_does_not_double(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(number) for number in range(5)])
    changed = Point(point_id(3), unit(0, 0, 1), {"caption": "new"})
    index.upsert(VERSION, [*(point(number) for number in range(3)), changed])
    assert index.count(VERSION) == 5
    assert index.query(VERSION, unit(0, 0, 1), limit=1)[0].payload == {"caption": "new"}


def test_the_last_of_two_points_with_one_id_stays(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(1), Point(point_id(1), unit(0, 1), {"caption": "last"})])
    assert index.retrieve(VERSION, [point_id(1)]) == [Record(point_id(1), {"caption": "last"})]
    assert index.count(VERSION) == 1


def test_more_points_than_one_chunk_all_arrive_in_their_place(index: VectorIndex) -> None:
    numbers = list(range(1_100))
    index.upsert(VERSION, [point(number, unit(1, number / 1_100)) for number in numbers])
    assert index.count(VERSION) == 1_100
    records = index.retrieve(VERSION, [point_id(number) for number in numbers])
    assert [record.payload["photo_id"] for record in records] == [point_id(number) for number in numbers]


def test_upserting_nothing_is_no_error(index: VectorIndex) -> None:
    index.upsert(VERSION, [])
    assert index.count(VERSION) == 0


def test_set_payload_changes_only_what_it_names(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(1), point(2)])
    index.set_payload(VERSION, {point_id(1): {"paths": ["moved.jpg"], "stars": 5}})
    first, second = index.retrieve(VERSION, [point_id(1), point_id(2)])
    assert first.payload == payload(1) | {"paths": ["moved.jpg"], "stars": 5}
    assert second.payload == payload(2)
    assert index.query(VERSION, point(1).vector, limit=1)[0].point_id == point_id(1)


def test_set_payload_passes_over_missing_points_and_names_them(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(1)])
    missing = index.set_payload(VERSION, {point_id(9): {"stars": 1}, point_id(1): {"stars": 2}})
    assert missing == [point_id(9)]
    assert index.count(VERSION) == 1
    assert index.retrieve(VERSION, [point_id(1)])[0].payload["stars"] == 2


def test_deleted_points_are_gone_and_missing_ones_are_passed_over(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(number) for number in range(4)])
    index.delete(VERSION, [point_id(1), point_id(99)])
    assert index.count(VERSION) == 3
    assert index.retrieve(VERSION, [point_id(1)]) == []
    assert point_id(1) not in {hit.point_id for hit in index.query(VERSION, point(1).vector, limit=10)}


def test_retrieve_keeps_the_order_asked_for(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(number) for number in range(20)])
    asked = [point_id(number) for number in (7, 19, 99, 0, 3)]
    found = [record.point_id for record in index.retrieve(VERSION, asked)]
    assert found == [point_id(number) for number in (7, 19, 0, 3)]


def test_scroll_yields_every_point_once_in_id_order(index: VectorIndex) -> None:
    numbers = list(range(1_100))
    random.Random(4).shuffle(numbers)
    index.upsert(VERSION, [point(number, unit(1, number)) for number in numbers])
    records = list(index.scroll(VERSION))
    assert [record.point_id for record in records] == sorted(map(point_id, numbers))
    assert all(record.payload["photo_id"] == record.point_id for record in records)
    bare = list(index.scroll(VERSION, with_payload=False))
    assert [record.point_id for record in bare] == sorted(map(point_id, numbers))
    assert not any(record.payload for record in bare)


def test_equal_scores_stand_in_id_order_and_a_small_limit_cuts_them_there(index: VectorIndex) -> None:
    numbers = list(range(60))
    random.Random(2).shuffle(numbers)
    index.upsert(VERSION, [point(number, unit(1)) for number in numbers] + [point(99, unit(0, 1))])
    expected = sorted(map(point_id, range(60)))
    for limit in (1, 7, 60):
        hits = index.query(VERSION, unit(1), limit=limit)
        assert [hit.point_id for hit in hits] == expected[:limit]


def test_results_are_the_same_after_reopening(index: VectorIndex, reopen: Callable[[], VectorIndex]) -> None:
    random_vectors = np.random.default_rng(1).normal(size=(200, DIMENSIONS)).astype(np.float32)
    random_vectors /= np.linalg.norm(random_vectors, axis=1, keepdims=True)
    index.upsert(VERSION, [point(number, vector) for number, vector in enumerate(random_vectors)])
    before = [index.query(VERSION, vector, limit=10) for vector in random_vectors[:20]]
    assert [index.query(VERSION, vector, limit=10) for vector in random_vectors[:20]] == before
    index.close()
    with reopen() as reopened:
        assert [reopened.query(VERSION, vector, limit=10) for vector in random_vectors[:20]] == before


def test_exact_search_agrees_with_a_plain_matrix_product(index: VectorIndex) -> None:
    vectors = np.random.default_rng(3).normal(size=(300, DIMENSIONS)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index.upsert(VERSION, [point(number, vector) for number, vector in enumerate(vectors)])
    index.optimize(VERSION)
    scores = vectors @ vectors[17]
    hits = index.query(VERSION, vectors[17], limit=12, exact=True)
    assert [hit.point_id for hit in hits] == [point_id(int(k)) for k in np.argsort(-scores)[:12]]
    assert [hit.score for hit in hits] == pytest.approx(sorted(scores, reverse=True)[:12], abs=1e-5)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(camera="camera 1"), {1, 4, 7}),
        (Filters(camera="camera 1", format="dng"), {4}),
        (Filters(taken_from=datetime(2013, 6, 1, 12, tzinfo=UTC)), {3, 4, 5, 6, 7, 8}),
        (Filters(taken_before=datetime(2013, 6, 1, 12, tzinfo=UTC)), {0, 1, 2, 10}),
        (Filters(taken_from=datetime(2012, 1, 1), taken_before=datetime(2014, 1, 1)), {2, 3}),
        (Filters(camera="none such"), set()),
        (Filters(), {0, 1, 2, 3, 4, 5, 6, 7, 8, 10}),
    ],
)
def test_filters_narrow_what_is_found(index: VectorIndex, filters: Filters, expected: set[int]) -> None:
    local_time = Point(point_id(10), unit(1), {"taken_at": "2010-01-01T00:00:00"})
    index.upsert(VERSION, [*(point(number) for number in range(9)), local_time])
    hits = index.query(VERSION, unit(1), limit=20, filters=filters)
    assert {hit.point_id for hit in hits} == {point_id(number) for number in expected}


def test_photos_that_no_file_holds_are_left_out_where_asked_and_a_changed_word_counts(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(number) for number in range(4)])
    index.set_payload(VERSION, {point_id(1): {"presence": OFFLINE}, point_id(2): {"presence": OFFLINE}})
    index.set_payload(VERSION, {point_id(2): {"presence": "present"}})
    only_present = Filters(only_present=True)

    assert len(index.query(VERSION, unit(1), limit=10)) == 4
    found = index.query(VERSION, unit(1), limit=10, filters=only_present)
    assert {hit.point_id for hit in found} == {point_id(0), point_id(2), point_id(3)}
    both = replace(only_present, format="jpeg")
    assert [hit.point_id for hit in index.query(VERSION, unit(1), limit=10, filters=both)] == [point_id(3)]


WORDED = ["a red boat", "A RED car", "a blue boat at night", "snow, at night!", "größe", "", "a red boat"]


@pytest.fixture
def worded(index: VectorIndex) -> VectorIndex:
    """Photos with WORDED captions, one of them without any; the last is a copy of the first."""
    payloads = [{"caption": caption, "rating": number} for number, caption in enumerate(WORDED)] + [{"rating": 5}]
    index.upsert(VERSION, [Point(point_id(number), unit(1), said) for number, said in enumerate(payloads)])
    return index


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("night", {2, 3}),
        ("Größe", {4}),
        ("boat nowhere", {0, 2, 6}),
        ("boa", set()),
        ("", set()),
        ("?! \0", set()),
        ("caption:* OR 'x", set()),
    ],
)
def test_photos_are_found_by_any_whole_word_of_their_caption(
    worded: VectorIndex, text: str, expected: set[int]
) -> None:
    hits = worded.query_words(VERSION, text, limit=10)
    assert {hit.point_id for hit in hits} == {point_id(number) for number in expected}


def test_more_and_rarer_words_come_first_and_equal_captions_in_id_order(worded: VectorIndex) -> None:
    hits = worded.query_words(VERSION, "a red boat", limit=10)
    first, second = sorted([point_id(0), point_id(6)])
    assert [hit.point_id for hit in hits[:3]] == [first, second, point_id(1)]
    assert hits[0].score == hits[1].score > hits[2].score > 0
    assert [hit.point_id for hit in worded.query_words(VERSION, "a red boat", limit=1)] == [first]
    assert hits[0].payload["caption"] == "a red boat"


def test_filters_narrow_what_words_find_and_changed_captions_count(worded: VectorIndex) -> None:
    assert [hit.point_id for hit in worded.query_words(VERSION, "night", 10, Filters(min_rating=3))] == [point_id(3)]
    worded.set_payload(VERSION, {point_id(3): {"caption": "rain"}})
    worded.delete(VERSION, [point_id(2)])
    assert worded.query_words(VERSION, "night", 10) == []
    assert [hit.point_id for hit in worded.query_words(VERSION, "rain", 10)] == [point_id(3)]


def test_the_order_does_not_depend_on_how_the_points_came_in(index: VectorIndex) -> None:
    """Batches of any size, in any order, some of them twice; many photos look or read alike."""
    # halves: their cosines are exact in whatever order a processor sums, so that equal ones are equal everywhere
    halves = np.array([1, 1, -1, 1, 0, 0, 0, 0], np.float32) / 2
    vectors = [np.random.default_rng(seed).permutation(halves) for seed in range(40)]
    points = [Point(point_id(n), vectors[n // 2], {"caption": WORDED[n // 2 % 3]}) for n in range(80)]
    answers = []
    for version, seed, size in ((VERSION, 1, 80), (OTHER_VERSION, 2, 7)):
        index.create_version(version, DIMENSIONS)
        shuffled = random.Random(seed).sample(points, len(points))
        for start in [*range(0, len(points), size), 0]:
            index.upsert(version, shuffled[start : start + size])
        by_vector = [index.query(version, vector, limit=15) for vector in vectors[:10]]
        answers.append((by_vector, [index.query_words(version, text, limit=15) for text in ("a red boat", "night")]))
    assert answers[0] == answers[1]


def test_hits_without_their_payloads_are_the_same_hits(worded: VectorIndex) -> None:
    for with_payload in (True, False):
        hits = worded.query(VERSION, unit(1), limit=3, with_payload=with_payload)
        hits += worded.query_words(VERSION, "boat", limit=3, with_payload=with_payload)
        assert [bool(hit.payload) for hit in hits] == [with_payload] * 6
    plain = worded.query_words(VERSION, "boat", limit=3)
    assert [(hit.point_id, hit.score) for hit in hits[3:]] == [(hit.point_id, hit.score) for hit in plain]


def test_vectors_come_back_as_they_were_written(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(number) for number in range(3)])
    found = index.vectors(VERSION, [point_id(2), point_id(9), point_id(0)])
    assert found.keys() == {point_id(0), point_id(2)}
    assert all(found[point_id(number)].dtype == np.float32 for number in (0, 2))
    np.testing.assert_allclose(found[point_id(2)], point(2).vector, atol=1e-6)


def captioned(number: int, caption_vector: NDArray[np.float32] | None) -> Point:
    return replace(point(number), caption_vector=caption_vector)


def test_captions_are_compared_apart_from_pictures_and_points_without_one_are_no_hits(index: VectorIndex) -> None:
    index.upsert(VERSION, [captioned(0, unit(0, 0, 1)), captioned(1, unit(0, 0, 3, 4)), point(2)])
    hits = index.query(VERSION, unit(0, 0, 1), limit=9, using="caption")
    assert [hit.point_id for hit in hits] == [point_id(0), point_id(1)]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 0.6], abs=1e-6)
    dng = index.query(VERSION, unit(0, 0, 1), limit=9, filters=Filters(format="jpeg"), using="caption")
    assert [hit.point_id for hit in dng] == [point_id(1)]
    assert [hit.point_id for hit in index.query(VERSION, point(2).vector, limit=1)] == [point_id(2)]


def test_both_vectors_come_back_as_they_were_written(index: VectorIndex) -> None:
    index.upsert(VERSION, [captioned(0, unit(0, 0, 1)), point(1)])
    found = index.vectors(VERSION, [point_id(0), point_id(1)], using="caption")
    assert found.keys() == {point_id(0)}
    np.testing.assert_allclose(found[point_id(0)], unit(0, 0, 1), atol=1e-6)
    assert index.vectors(VERSION, [point_id(0), point_id(1)]).keys() == {point_id(0), point_id(1)}


def test_a_point_written_again_without_a_caption_has_none_any_more(index: VectorIndex) -> None:
    index.upsert(VERSION, [captioned(0, unit(0, 0, 1))])
    index.upsert(VERSION, [point(0)])
    assert index.query(VERSION, unit(0, 0, 1), limit=9, using="caption") == []
    assert index.vectors(VERSION, [point_id(0)], using="caption") == {}


def test_setting_a_payload_leaves_both_vectors(index: VectorIndex) -> None:
    index.upsert(VERSION, [captioned(0, unit(0, 0, 1))])
    index.set_payload(VERSION, {point_id(0): {"rating": 5}})
    assert index.vectors(VERSION, [point_id(0)], using="caption").keys() == {point_id(0)}


def test_creating_a_version_twice_keeps_its_points(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(1)])
    index.create_version(VERSION, DIMENSIONS)
    assert index.count(VERSION) == 1


def test_versions_are_listed_and_independent(index: VectorIndex) -> None:
    index.create_version(OTHER_VERSION, DIMENSIONS)
    index.upsert(OTHER_VERSION, [point(1)])
    assert index.versions() == sorted([VERSION, OTHER_VERSION])
    assert (index.count(VERSION), index.count(OTHER_VERSION)) == (0, 1)


def test_a_dropped_version_is_gone_and_can_be_made_anew(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(1)])
    index.drop_version(VERSION)
    assert index.versions() == []
    index.create_version(VERSION, DIMENSIONS + 1)
    assert index.count(VERSION) == 0


def test_alias_switch_is_seen_at_once_and_after_reopening(
    index: VectorIndex, reopen: Callable[[], VectorIndex]
) -> None:
    index.create_version(OTHER_VERSION, DIMENSIONS)
    assert index.active_version() is None
    for version in (VERSION, OTHER_VERSION, OTHER_VERSION):
        index.switch_alias(version)
        assert index.active_version() == version
    with reopen() as reopened:
        assert reopened.active_version() == OTHER_VERSION


def test_the_active_version_is_not_dropped(index: VectorIndex) -> None:
    index.switch_alias(VERSION)
    with pytest.raises(ActiveVersion, match=VERSION):
        index.drop_version(VERSION)
    assert index.versions() == [VERSION]
    assert index.active_version() == VERSION


def test_other_dimensions_are_refused_at_every_door(index: VectorIndex) -> None:
    longer = np.append(unit(1), np.float32(0))
    with pytest.raises(DimensionMismatch, match="8 dimensions, not 9"):
        index.create_version(VERSION, 9)
    with pytest.raises(DimensionMismatch) as caught:
        index.upsert(VERSION, [point(1), point(2, longer)])
    assert (caught.value.expected, caught.value.got, caught.value.retryable) == (8, 9, False)
    with pytest.raises(DimensionMismatch):
        index.query(VERSION, longer, limit=1)
    assert index.count(VERSION) == 0


BAD_POINTS = {
    "NaN vector": Point(point_id(2), unit(1) * np.float32("nan"), {}),
    "infinite vector": Point(point_id(2), np.full(DIMENSIONS, np.inf, np.float32), {}),
    "zero vector": Point(point_id(2), np.zeros(DIMENSIONS, np.float32), {}),
    "two-dimensional vector": Point(point_id(2), unit(1)[None], {}),
    "NaN in the caption's vector": Point(point_id(2), unit(1), {}, unit(1) * np.float32("nan")),
    "caption's vector of another length": Point(point_id(2), unit(1), {}, unit(1) * 2),
    "NaN in the payload": Point(point_id(2), unit(1), {"location": {"lat": float("nan"), "lon": 1.0}}),
    "infinity deep in a list": Point(point_id(2), unit(1), {"exif": [1, {"exposure_s": float("inf")}]}),
    "text that is not UTF-8": Point(point_id(2), unit(1), {"paths": ["caf\udce9.jpg"]}),
    "key that is not text": Point(point_id(2), unit(1), {"exif": {1: 2}}),
    "integer past 64 bits": Point(point_id(2), unit(1), {"size_bytes": 2**63}),
    "NumPy number": Point(point_id(2), unit(1), {"iso": np.float32(100)}),
    "time that is not text": Point(point_id(2), unit(1), {"taken_at": datetime(2024, 1, 1, tzinfo=UTC)}),
    "id that is not a UUID": Point("photo-2", unit(1), {}),
    "id in capitals": Point(point_id(2).upper(), unit(1), {}),
}


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS.keys())
def test_a_bad_point_is_refused_and_nothing_of_its_call_is_written(index: VectorIndex, bad: Point) -> None:
    with pytest.raises(InvalidPoint) as caught:
        index.upsert(VERSION, [point(1), bad, point(3)])
    assert caught.value.point_id == bad.point_id
    assert not caught.value.retryable
    assert index.count(VERSION) == 0


@pytest.mark.parametrize(
    ("bad", "reason"),
    [("NaN vector", "NaN or infinite"), ("infinite vector", "infinite"), ("zero vector", "norm is 0")],
)
def test_a_refused_vector_is_told_with_what_is_wrong_with_it(index: VectorIndex, bad: str, reason: str) -> None:
    with pytest.raises(InvalidPoint, match=reason):
        index.upsert(VERSION, [BAD_POINTS[bad]])


def test_set_payload_refuses_what_upsert_refuses(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(1), point(2)])
    with pytest.raises(InvalidPoint, match="stars"):
        index.set_payload(VERSION, {point_id(1): {"stars": 5}, point_id(2): {"stars": float("nan")}})
    assert [record.payload for record in index.scroll(VERSION)] == [
        payload(number) for number in sorted((1, 2), key=point_id)
    ]


def test_a_query_that_is_no_vector_is_refused(index: VectorIndex) -> None:
    with pytest.raises(InvalidPoint, match="NaN"):
        index.query(VERSION, unit(1) * np.float32("nan"), limit=1)
    with pytest.raises(ValueError, match="limit"):
        index.query(VERSION, unit(1), limit=0)


CALLS: dict[str, Callable[[VectorIndex, str], object]] = {
    "upsert": lambda index, version: index.upsert(version, [point(1)]),
    "delete": lambda index, version: index.delete(version, [point_id(1)]),
    "set_payload": lambda index, version: index.set_payload(version, {point_id(1): {"stars": 1}}),
    "query": lambda index, version: index.query(version, unit(1), limit=1),
    "retrieve": lambda index, version: index.retrieve(version, [point_id(1)]),
    "scroll": lambda index, version: index.scroll(version),
    "count": lambda index, version: index.count(version),
    "optimize": lambda index, version: index.optimize(version),
    "switch_alias": lambda index, version: index.switch_alias(version),
    "drop_version": lambda index, version: index.drop_version(version),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_an_unknown_version_is_named_with_those_there_are(
    index: VectorIndex, call: Callable[[VectorIndex, str], object]
) -> None:
    with pytest.raises(UnknownVersion, match=VERSION) as caught:
        call(index, OTHER_VERSION)
    assert caught.value.version == OTHER_VERSION
    assert index.versions() == [VERSION]


@pytest.mark.parametrize("name", ["", "../up", "a/b", "Capital", ".hidden", "end.", "x" * 201, "café"])
def test_a_version_name_that_is_unsafe_somewhere_is_refused(index: VectorIndex, name: str) -> None:
    with pytest.raises(InvalidVersionName):
        index.create_version(name, DIMENSIONS)
    assert index.versions() == [VERSION]


def test_closing_twice_is_no_error(index: VectorIndex) -> None:
    index.upsert(VERSION, [point(1)])
    index.close()
    index.close()
