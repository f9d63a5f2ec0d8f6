"""Points one by one and by batches of 256, in each of the ways in which they can be written.

What belongs here: the embedded collection kept open over all writes; the same opened for every write and closed after
it, as a process does that lets others in; the adapter for a server, over HTTP. The server is a stand-in of ours
(tests/vectors/qdrant_stand_in.py) in a process of its own, and no Qdrant: it shows what requests cost the client and
the wire. What Qdrant itself does with a point is not in it, and what the stand-in does, which is Python, is. A way is
measured in the process that a benchmark starts for it, and its sample printed as JSON.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.collection_points import BATCH, DIMENSIONS, batches
from resources.vectors.chunks import chunked
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import Point, VectorIndex
from resources.vectors.server import ServerIndex

POINTS = 2_000
OPENINGS = 100  # as many points one by one as there is time for where each has to open the collection

Rates = dict[str, float]
Write = Callable[[str, Sequence[Point]], None]


def kept_open(folder: Path) -> Rates:
    """The rates of the embedded collection, opened once."""
    with EmbeddedIndex(folder) as index:
        return _rates(index, index.upsert)


def opened_each_time(folder: Path) -> Rates:
    """The rates of the embedded collection, opened and closed around every write."""

    def write(version: str, points: Sequence[Point]) -> None:
        with EmbeddedIndex(folder) as index:
            index.upsert(version, points)

    return _rates(EmbeddedIndex(folder), write, OPENINGS)


def over_http(folder: Path) -> Rates:
    """The rates of the adapter for a server, and what a request without points takes, in ms."""
    with _stand_in() as url, ServerIndex(url) as index:
        rates = _rates(index, index.upsert)  # waits until the server says that the points are applied
        start = time.perf_counter()
        for _ in range(POINTS):
            index.versions()
        return rates | {"empty_request_ms": round((time.perf_counter() - start) / POINTS * 1e3, 2)}


WAYS: dict[str, Callable[[Path], Rates]] = {
    "embedded, kept open": kept_open,
    "embedded, opened for every write": opened_each_time,
    "over HTTP, to a stand-in": over_http,
}


def _rates(index: VectorIndex, write: Write, singles: int = POINTS) -> Rates:
    points = [point for batch in batches(POINTS) for point in batch]
    index.create_version("singles", DIMENSIONS)
    index.create_version("batches", DIMENSIONS)
    single = singles / _seconds(lambda some: write("singles", some), points[:singles], 1)
    batched = len(points) / _seconds(lambda some: write("batches", some), points, BATCH)
    return {"one_by_one_per_s": round(single, 1), "by_batches_per_s": round(batched, 1)}


def _seconds(write: Callable[[Sequence[Point]], None], points: Sequence[Point], size: int) -> float:
    start = time.perf_counter()
    for some in chunked(points, size):
        write(some)
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


if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](Path(sys.argv[2]) / sys.argv[1])))
