"""collection_index: the search graph of what is searched, built when enough has come in."""

import time
from dataclasses import dataclass

from resources.vectors.port import VectorIndex


@dataclass(frozen=True)
class Built:
    """What came of a building: `was_due` is False where the graph was as it should be already.

    Bytes are those on the disk before and after, None where the engine does not tell.
    """

    version: str
    points: int
    was_due: bool
    seconds: float
    bytes_before: int | None
    bytes_after: int | None


def build_index(index: VectorIndex) -> Built | None:
    """Build the graph of the version that is searched; None where there is none. Raises VectorIndexError."""
    version = index.active_version()
    if version is None:
        return None
    points, before = index.count(version), index.size_bytes(version)
    start = time.perf_counter()
    was_due = index.optimize(version)
    seconds = time.perf_counter() - start
    return Built(version, points, was_due, seconds, before, index.size_bytes(version))
