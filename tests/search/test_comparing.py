"""Two versions side by side: the numbers are what they say, and the report is safe to show."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from photo_assets.comparison_report import comparison_shown
from photo_assets.search.comparing import CANARIES, DEPTH, Comparison, canaries, compare
from photo_assets.search.errors import SearchError
from resources.inference.port import ItemError
from resources.library.versions import KnownVersion
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import Point, VectorIndex

from ..inference.services import DIMENSIONS, FakeEngine, vector_for
from .conftest import HOSTILE, only, photo_id

PHOTOS = 30
OLD = KnownVersion("old-16-a", "old", "1", "as then", DIMENSIONS)
SAME, OPPOSITE, EMPTY = (replace(OLD, name=f"{name}-16-b", model=name) for name in ("same", "opposite", "empty"))
QUERIES = ("a lake", "a boat")


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VectorIndex]:
    """A version, one that sees alike but lacks the last photo, one for which near is far, and one without a photo."""
    with EmbeddedIndex(tmp_path_factory.mktemp("index"), wait_s=0) as index:
        for version in (OLD, SAME, OPPOSITE, EMPTY):
            index.create_version(version.name, DIMENSIONS)
        everything = [point(number, 1) for number in range(PHOTOS)]
        index.upsert(OLD.name, everything)
        index.upsert(SAME.name, everything[:-1])
        index.upsert(OPPOSITE.name, [point(number, -1) for number in range(PHOTOS)])
        yield index


def point(number: int, sign: int) -> Point:
    caption = HOSTILE + "|" if number % 2 else "a lake"
    return Point(
        photo_id(number), sign * vector_for(b"%d" % number), {"photo_id": photo_id(number), "caption": caption}
    )


def compared(index: VectorIndex, new: KnownVersion, **changes: Any) -> Comparison:
    photos = {photo_id(number) for number in range(PHOTOS)}
    return compare(index, photos, (OLD, new), only(FakeEngine()), changes.get("queries", QUERIES))


def expected(query: str, photos: int) -> list[str]:
    text = vector_for(query.encode())
    return sorted((photo_id(n) for n in range(photos)), key=lambda each: -cosine(each, text))[:DEPTH]


def cosine(photo: str, text: np.ndarray) -> float:
    number = next(n for n in range(PHOTOS) if photo_id(n) == photo)
    return float(vector_for(b"%d" % number) @ text)


def test_versions_that_see_alike_agree_but_for_what_one_lacks(index: VectorIndex) -> None:
    found = compared(index, SAME)
    assert (found.old.photos, found.old.missing, found.old.orphans) == (PHOTOS, 0, 0)
    assert (found.new.photos, found.new.missing, found.in_both) == (PHOTOS - 1, 1, PHOTOS - 1)
    assert found.rank_correlation == pytest.approx(1) and found.neighbours == 1
    for each in found.answers:
        assert each.old == expected(each.query, PHOTOS) and each.new == expected(each.query, PHOTOS - 1)
        assert each.overlap == len(set(each.old) & set(each.new)) / DEPTH
    assert set(found.captions) == {hit for each in found.answers for hit in each.old + each.new}


def test_a_version_for_which_near_is_far_ranks_the_other_way_round_among_the_same_neighbours(
    index: VectorIndex,
) -> None:
    found = compared(index, OPPOSITE)
    assert found.rank_correlation == pytest.approx(-1) and found.neighbours == 1
    assert found.overlap == 0.0


def test_a_version_without_a_photo_is_compared_too(index: VectorIndex) -> None:
    found = compared(index, EMPTY)
    assert (found.new.photos, found.new.missing, found.in_both, found.overlap) == (0, PHOTOS, 0, 0.0)
    assert "30" in comparison_shown(found)


def test_a_query_that_cannot_be_embedded_is_told(index: VectorIndex) -> None:
    class Deaf(FakeEngine):
        def embed_texts(self, texts: Any) -> list[Any]:
            return [ItemError("unembeddable", "no words") for _ in texts]

    with pytest.raises(SearchError, match="'a lake' cannot be embedded: no words"):
        compare(index, set(), (OLD, SAME), only(Deaf()), QUERIES)


def test_the_report_tells_the_least_alike_first_and_lets_no_caption_become_markup(index: VectorIndex) -> None:
    found = compared(index, SAME, queries=[f"query {number}" for number in range(60)])
    shown = comparison_shown(found)
    overlaps = [int(line.split("%")[0].split()[-1]) for line in shown.splitlines() if "█" in line]
    assert len(overlaps) == 40 and overlaps == sorted(overlaps) and "20 more queries" in shown
    assert "<script" not in shown and "x|" not in shown.replace("\\|", "")
    assert len(shown) < 100_000


def test_canary_queries_are_the_lines_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "queries.txt"
    file.write_text("ein See\n\n  ein Boot \nein See\n", encoding="utf-8")
    assert canaries(str(file)) == ("ein See", "ein Boot")
    assert canaries("") == CANARIES
    for content in (b"\xff\xfe", b"\n \n", b"".join(b"%d\n" % number for number in range(201))):
        file.write_bytes(content)
        with pytest.raises(SearchError, match="PHOTO_COMPARISON_QUERIES"):
            canaries(str(file))
    with pytest.raises(SearchError, match="cannot be read"):
        canaries(str(tmp_path / "absent.txt"))
