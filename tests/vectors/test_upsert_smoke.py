"""Points by the batch beside points one by one, in the embedded engine: no more work for the same state.

Ratios only, of CPU time, of work done in turns: a machine under load slows both sides. Inside one process a batch
spares little, so little is asked of it; real figures are docs/benchmarks.md's.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.collection_points import DIMENSIONS, batches
from resources.vectors.chunks import chunked
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import Point

POINTS, TURNS = 512, 5


def test_points_by_the_batch_take_less_work_than_one_by_one(tmp_path: Path) -> None:
    points = [point for batch in batches(POINTS) for point in batch]
    with EmbeddedIndex(tmp_path) as index:
        ratios = [
            cpu_seconds(index, f"singles-{turn}", points, 1) / cpu_seconds(index, f"batches-{turn}", points, 256)
            for turn in range(TURNS)
        ]
        assert index.count("singles-0") == index.count("batches-0") == POINTS
    assert median(ratios) > 1.0, ratios


def cpu_seconds(index: EmbeddedIndex, version: str, points: Sequence[Point], size: int) -> float:
    """The CPU time of all threads of this process for writing the points, so many at a time."""
    index.create_version(version, DIMENSIONS)
    started = time.process_time()
    for some in chunked(points, size):
        index.upsert(version, some)
    return time.process_time() - started
