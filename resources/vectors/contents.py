"""The whole of a version, whichever engine has it: its ids, its points.

What belongs here: reading all of it in bounded memory. What becomes of it is decided by whoever asks.
"""

from collections.abc import Iterator
from itertools import islice

from resources.vectors.port import Point, VectorIndex

CHUNK = 1_000  # points read at once: 4 MB of vectors


def ids_of(index: VectorIndex, version: str) -> set[str]:
    """The ids of all points of a version; no payload is read."""
    return {record.point_id for record in index.scroll(version, with_payload=False)}


def points_of(index: VectorIndex, version: str) -> Iterator[list[Point]]:
    """Every point with its vectors, in id order, CHUNK at a time."""
    records = index.scroll(version)
    while chunk := list(islice(records, CHUNK)):
        ids = [record.point_id for record in chunk]
        pictures, captions = index.vectors(version, ids), index.vectors(version, ids, using="caption")
        yield [
            Point(each.point_id, pictures[each.point_id], each.payload, captions.get(each.point_id))
            for each in chunk
            if each.point_id in pictures  # deleted since it was listed
        ]
