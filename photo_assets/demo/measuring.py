"""How well the demo's photos were described and found, against their true captions.

Plain functions over what the platform answers; nothing here knows how it came to the answer.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from photo_assets.demo.library import DemoPhoto
from photo_assets.search.query import Query
from photo_assets.search.searching import Found, Searcher
from resources.vectors.port import Filters


def measured(truth: Sequence[DemoPhoto], captions: Mapping[str, str], searcher: Searcher) -> dict[str, object]:
    """caption_exact and recall_at_1, 0 to 1, over all photos and over those of each format alone.

    `captions` holds the caption the platform made for each path.
    """
    by_format: dict[str, list[DemoPhoto]] = defaultdict(list)
    for photo in truth:
        by_format[photo.format].append(photo)
    formats = {
        name: {
            "photos": len(photos),
            "caption_exact": caption_exact(photos, captions),
            "recall_at_1": recall_at_1(photos, searcher, Filters(format=name)),
        }
        for name, photos in sorted(by_format.items())
    }
    overall = {"caption_exact": caption_exact(truth, captions), "recall_at_1": recall_at_1(truth, searcher)}
    return overall | {"formats": formats}


def caption_exact(truth: Sequence[DemoPhoto], captions: Mapping[str, str]) -> float:
    """The share of photos whose caption is the true one, to the letter."""
    return sum(captions.get(_path(photo)) == photo.caption for photo in truth) / len(truth)


def recall_at_1(truth: Sequence[DemoPhoto], searcher: Searcher, filters: Filters | None = None) -> float:
    """The share of the distinct true captions for which the best hit is a photo whose true caption is the query."""
    true_captions = {_path(photo): photo.caption for photo in truth}
    queries = sorted(set(true_captions.values()))
    found = {query: searcher.find(Query(query, filters=filters or Filters(), limit=1)) for query in queries}
    return sum(_is_hit(query, hits, true_captions) for query, hits in found.items()) / len(queries)


def _is_hit(query: str, found: Sequence[Found], true_captions: Mapping[str, str]) -> bool:
    return any(true_captions.get(path) == query for hit in found for path in hit.paths)


def _path(photo: DemoPhoto) -> str:
    return str(Path(photo.path).resolve())
