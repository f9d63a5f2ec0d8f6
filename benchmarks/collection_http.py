"""Points over HTTP: one request per point, and one per 256, through the platform's own adapter for a server.

The server is a stand-in of ours (tests/vectors/qdrant_stand_in.py) in a process of its own, and no Qdrant: it shows
what requests cost the client and the wire. What Qdrant itself does with a point is not in it, and what the stand-in
does, which is Python, is.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.collection_points import BATCH, DIMENSIONS, batches
from resources.vectors.port import Point
from resources.vectors.server import ServerIndex

SINGLES = 1_000


def over_http(folder: Path, count: int) -> dict[str, Any]:
    """The rates of both ways, and what a request without points takes, in ms."""
    points = [point for batch in batches(SINGLES) for point in batch]
    sample = {}
    with _stand_in() as url, ServerIndex(url) as index:
        for name, size in (("one_by_one", 1), ("by_batches", BATCH)):
            index.create_version(name.replace("_", "-"), DIMENSIONS)
            sample[f"{name}_per_s"] = round(len(points) / _seconds(index, name.replace("_", "-"), points, size))
        start = time.perf_counter()
        for _ in range(SINGLES):
            index.versions()
        empty_s = (time.perf_counter() - start) / SINGLES
    return sample | {"empty_request_ms": round(empty_s * 1e3, 2)}


def _seconds(index: ServerIndex, version: str, points: Sequence[Point], size: int) -> float:
    start = time.perf_counter()
    rest = iter(points)
    while some := list(islice(rest, size)):
        index.upsert(version, some)  # waits until the server says that they are applied
    return time.perf_counter() - start


@contextmanager
def _stand_in() -> Iterator[str]:
    """The address of a stand-in that runs for the length of a `with` block."""
    command = [sys.executable, "-m", "tests.vectors.qdrant_stand_in", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()
