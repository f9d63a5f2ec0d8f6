"""The photos that duplicates are looked for among: read from the collection in one go, after which it is not needed.

Comparing is the long part; an ingest that waits for the collection waits for the reading only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from resources.vectors.port import Record, VectorIndex, is_offline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Compared:
    """Photos by id, in the order of their ids, and the (d,) float32 unit image vectors of those that have one."""

    records: Mapping[str, Record] = field(default_factory=dict)
    vectors: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def read_compared(index: VectorIndex, *, with_vectors: bool, show_missing: bool = False) -> Compared:
    """The photos of the collection that is searched; those that no file holds only with `show_missing`.

    None before the first ingest. A vector takes 4 bytes for each of its dimensions. Raises VectorIndexError.
    """
    version = index.active_version()
    if version is None:
        return Compared()
    stored = index.scroll(version)
    records = {record.point_id: record for record in stored if show_missing or not is_offline(record.payload)}
    return Compared(records, index.vectors(version, list(records)) if with_vectors else {})
