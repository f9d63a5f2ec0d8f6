"""Rankings become one: by places, ties shared, whatever the scores."""

from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from photo_assets.search.hybrid import fused, uncut
from photo_assets.search.query import Query
from photo_assets.search.searching import Searcher
from resources.decoding.previews import PreviewStore
from resources.vectors.port import Hit, Point
from resources.vectors.server import ServerIndex

from ..inference.services import DIMENSIONS, FakeEngine, vector_for
from .conftest import VERSION, only, photo_id, vector


def ranking(**scores: float) -> list[Hit]:
    return [Hit(name, score, {"name": name}) for name, score in scores.items()]


def names(hits: list[Hit]) -> str:
    return "".join(hit.point_id for hit in hits)


def test_good_in_both_beats_best_in_one() -> None:
    by_picture, by_words = ranking(a=0.9, b=0.8, c=0.1), ranking(d=12.0, b=11.0)
    assert names(fused([by_picture, by_words])) == "badc"


def test_first_in_both_is_one_and_first_in_one_of_two_is_half() -> None:
    hits = fused([ranking(a=0.3, b=0.2), ranking(a=7.0)])
    assert [hit.score for hit in hits] == [1.0, pytest.approx(61 / 62 / 2, abs=1e-6)]
    assert hits[0].payload == {"name": "a"}


def test_how_far_scores_lie_apart_does_not_matter() -> None:
    near, far = ranking(a=0.300001, b=0.3), ranking(a=100.0, b=0.0)
    assert fused([near, ranking(b=1.0)]) == fused([far, ranking(b=1.0)])


def test_equal_scores_share_a_place_and_the_next_one_stands_behind_them_all() -> None:
    (a, b, c, d) = fused([ranking(a=3.0, b=2.0, c=2.0, d=1.0)])
    assert b.score == c.score < a.score == 1.0
    assert d.score == pytest.approx(61 / 64, abs=1e-6)


def test_equally_good_photos_stand_in_id_order() -> None:
    assert names(fused([ranking(b=1.0, a=0.5), ranking(a=1.0, b=0.5)])) == "ab"


def test_a_tie_that_the_depth_cuts_is_left_out_whole() -> None:
    assert names(list(uncut(ranking(a=3.0, b=2.0, c=2.0, d=2.0), 2))) == "a"
    assert names(list(uncut(ranking(a=3.0, b=2.0, c=1.0), 2))) == "ab"
    assert names(list(uncut(ranking(a=3.0, b=2.0), 2))) == "ab"


def test_a_tie_that_is_everything_stays() -> None:
    assert names(list(uncut(ranking(a=2.0, b=2.0, c=2.0), 2))) == "ab"
    assert uncut([], 2) == []
    assert fused([[], []]) == []


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect:UserWarning")
@pytest.mark.filterwarnings("ignore:Local mode performs exact:UserWarning")
def test_a_photo_is_found_by_what_its_caption_means_where_neither_picture_nor_words_say_it(tmp_path: Path) -> None:
    asked = Query("a ship", hybrid=True)
    index = ServerIndex("memory", client=QdrantClient(":memory:"))
    with Searcher(index, only(FakeEngine()), PreviewStore(tmp_path)) as searcher:
        index.create_version(VERSION, DIMENSIONS)
        index.switch_alias(VERSION)
        pictured = [Point(photo_id(n), vector(n), {"caption": f"a boat {n}", "paths": []}) for n in range(4)]
        index.upsert(VERSION, pictured)
        before = searcher.find(asked)
        last = next(point for point in pictured if point.point_id == before[-1].photo_id)
        index.upsert(VERSION, [Point(last.point_id, last.vector, last.payload, vector_for(b"a ship"))])
        after = searcher.find(asked)
    assert after[0].photo_id == last.point_id and [hit.photo_id for hit in after[1:]] == [
        hit.photo_id for hit in before[:-1]
    ]
