"""Whether a version's vectors are those that the tables have: each is read and compared, a batch at a time.

A point is written whole, so whoever compares payloads (truth.py) finds what this platform could have done wrong. What
is found here was done to a vector alone, by a hand or by a disk.
"""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from photo_assets.steps.collection import BatchTables
from resources.library.ledger import Ledger
from resources.tables.store import TableStore
from resources.vectors.payloads import is_like
from resources.vectors.port import VectorIndex

_MODEL = ("photo_id", "status", "clip_model", "clip_revision", "vector")
_COLUMNS = {
    "image_embeddings": (*_MODEL, "preprocessing"),
    "image_captions": ("photo_id", "caption"),
    "caption_embeddings": (*_MODEL, "caption"),
}

Vectors = Mapping[str, NDArray[np.float32]]


def unlike_vectors(index: VectorIndex, ledger: Ledger, version: str, tables: TableStore) -> set[str]:
    """The photos one of whose vectors is not that of the tables, or not there, or there without one in the tables.

    Photos that have no point at all are among them; those of which no table tells are not.
    """
    if version not in index.versions():
        return set()
    photos = ledger.ok_photos()
    unlike: set[str] = set()
    for batch in tables.batches("image_embeddings"):
        embeddings, captions, worded = (tables.some(name, batch, columns) for name, columns in _COLUMNS.items())
        told = BatchTables((), (), embeddings, captions, worded)
        space = told.space()
        if space and space[0] == version:
            pictures = told.vectors()
            mine = [photo_id for photo_id in pictures if photos.get(photo_id) == batch]
            unlike |= _unlike(mine, pictures, index.vectors(version, mine))
            unlike |= _unlike(mine, told.caption_vectors(), index.vectors(version, mine, using="caption"))
    return unlike


def _unlike(photo_ids: Collection[str], told: Vectors, there: Vectors) -> set[str]:
    return {photo_id for photo_id in photo_ids if not is_like(_normed(told.get(photo_id)), there.get(photo_id))}


def _normed(vector: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    return None if vector is None else vector / np.linalg.norm(vector)
