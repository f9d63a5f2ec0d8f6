"""What a query of words, a picture, a photo or several finds, and in which order."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from photo_assets.search.query import Query
from photo_assets.search.searching import Found, Searcher, SearchError, photo_in
from resources.decoding.previews import PreviewStore
from resources.library.identity import photo_id as identity
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import Filters, Point

from ..inference.services import DIMENSIONS, FakeEngine
from .conftest import PHOTOS, VERSION, only, payload, photo_id, vector


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    """A collection of its own, in which photo 11 is a second one that looks like photo 10."""
    index = EmbeddedIndex(tmp_path / "collection", wait_s=0)
    index.create_version(VERSION, DIMENSIONS)
    index.switch_alias(VERSION)
    index.upsert(VERSION, [Point(photo_id(n), vector(min(n, 10)), payload(n)) for n in range(PHOTOS)])
    with Searcher(index, only(FakeEngine()), PreviewStore(tmp_path / "previews")) as searcher:
        yield searcher


def ids(found: list[Found]) -> list[str]:
    return [hit.photo_id for hit in found]


@pytest.mark.parametrize("query", [Query("photo 3"), Query(picture=b"photo 3")], ids=["words", "picture"])
def test_words_and_pictures_find_the_nearest_photo(searcher: Searcher, query: Query) -> None:
    best = searcher.find(query)[0]
    assert (best.photo_id, best.score) == (photo_id(3), pytest.approx(1, abs=1e-5))
    assert (best.caption, best.camera, best.format) == ("photo number 3", "Camera 0", "dng")


def test_photos_like_this_one_are_the_same_with_its_picture_and_without_itself(searcher: Searcher) -> None:
    by_picture = searcher.find(Query(picture=b"photo 3", limit=5))
    like = searcher.find(Query(like=photo_id(3), limit=4))
    assert ids(like) == ids(by_picture)[1:]
    assert ids(searcher.find(Query(like=photo_id(10), limit=1))) == [photo_id(11)]


def test_words_and_a_picture_are_the_weighted_sum_of_their_vectors(searcher: Searcher) -> None:
    query = Query("photo 2", picture=b"photo 7", text_weight=0.3, limit=PHOTOS)
    wanted = 0.3 * vector(2) + 0.7 * vector(7)
    wanted /= np.linalg.norm(wanted)
    expected = {photo_id(n): float(vector(min(n, 10)) @ wanted) for n in range(PHOTOS)}
    found = searcher.find(query)
    assert {hit.photo_id: hit.score for hit in found} == pytest.approx(expected, abs=1e-5)
    assert ids(searcher.find(replace(query, text_weight=1.0))) == ids(searcher.find(Query("photo 2", limit=PHOTOS)))
    assert ids(searcher.find(replace(query, picture=None, like=photo_id(7)))) == [
        photo for photo in ids(found) if photo != photo_id(7)
    ]


@pytest.mark.parametrize("query", [Query("photo 5"), Query("number photo 5", hybrid=True), Query(like=photo_id(5))])
def test_pages_follow_each_other_without_a_gap_or_a_repeat(searcher: Searcher, query: Query) -> None:
    whole = searcher.find(replace(query, limit=PHOTOS))
    pages = [searcher.find(replace(query, limit=3, offset=start)) for start in range(0, 15, 3)]
    assert [hit for page in pages for hit in page] == whole
    assert len(whole) == PHOTOS - bool(query.like)


def test_hybrid_finds_what_the_caption_says_where_the_picture_does_not(searcher: Searcher) -> None:
    query = Query("7", limit=PHOTOS)
    assert ids(searcher.find(query))[0] != photo_id(7)
    hybrid = searcher.find(replace(query, hybrid=True))
    assert ids(hybrid)[0] == photo_id(7)
    assert 0.5 <= hybrid[0].score <= 1
    assert hybrid[0].caption == "photo number 7"


def test_filters_hold_for_the_picture_and_for_the_words(searcher: Searcher) -> None:
    filters = Filters(format="png")
    for hybrid in (False, True):
        found = searcher.find(Query("photo number 7", hybrid=hybrid, filters=filters, limit=PHOTOS))
        assert sorted(ids(found)) == sorted(photo_id(n) for n in (1, 5, 9))


def test_the_same_query_is_answered_the_same_way(searcher: Searcher) -> None:
    for query in (Query("photo 10", limit=3), Query("photo number", hybrid=True)):
        assert len({tuple(ids(searcher.find(query))) for _ in range(5)}) == 1
    assert ids(searcher.find(Query("photo 10", limit=2))) == sorted([photo_id(10), photo_id(11)])


def test_the_order_is_the_same_however_the_photos_came_in_and_after_reopening(tmp_path: Path) -> None:
    orders = (range(PHOTOS), reversed(range(PHOTOS)))
    for name, order in zip("ab", orders, strict=True):
        with EmbeddedIndex(tmp_path / name, wait_s=0) as index:
            index.create_version(VERSION, DIMENSIONS)
            index.switch_alias(VERSION)
            for number in order:  # three photos each look the same
                index.upsert(VERSION, [Point(photo_id(number), vector(number // 3), payload(number))])
    for query in (Query("photo 1", limit=7), Query("photo number", hybrid=True, limit=7)):
        answers = []
        for name in "abab":
            index = EmbeddedIndex(tmp_path / name, wait_s=0)
            with Searcher(index, only(FakeEngine()), PreviewStore(tmp_path)) as searcher:
                answers += [[(hit.photo_id, hit.score) for hit in searcher.find(query)] for _ in range(2)]
        assert all(answer == answers[0] for answer in answers)
        assert len({score for _, score in answers[0]}) < 7, "there were ties to put in order"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (Query(), "empty"),
        (Query("  \n"), "empty"),
        (Query(like=identity("0" * 64)), "not in the collection"),
        (Query("this fails"), "as told"),
        (Query(picture=b"this fails"), "as told"),
    ],
)
def test_what_cannot_be_answered_is_told(searcher: Searcher, query: Query, told: str) -> None:
    with pytest.raises(SearchError, match=told):
        searcher.find(query)


def test_a_file_names_its_photo_by_its_content(tmp_path: Path) -> None:
    for name in ("one.jpg", "two.jpg"):
        (tmp_path / name).write_bytes(b"a photo")
    (tmp_path / "link.jpg").symlink_to("one.jpg")
    assert len({photo_in(tmp_path / name) for name in ("one.jpg", "two.jpg", "link.jpg")}) == 1
    for path in (tmp_path, tmp_path / "none.jpg"):
        with pytest.raises(SearchError, match="name a photo that can be read"):
            photo_in(path)
