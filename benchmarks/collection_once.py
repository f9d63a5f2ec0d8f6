"""One step of a collection's life, measured in the process that a benchmark starts for it: prints its sample as JSON.

Making points and the brute-force truth are outside the timer; checking and converting points are inside, as in an
ingest.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import psutil

from benchmarks.collection_points import DIMENSIONS, FILTERS, VERSION, batches, point_id, queries, vectors
from resources.vectors import edge_version
from resources.vectors.embedded import EmbeddedIndex
from resources.vectors.port import Quantization

QUERIES = 200
HITS = 10

Sample = dict[str, Any]


def fill(folder: Path, count: int) -> Sample:
    """Every point, a batch at a time."""
    seconds = 0.0
    with EmbeddedIndex(folder) as index:
        index.create_version(VERSION, DIMENSIONS)
        for batch in batches(count):
            start = time.perf_counter()
            index.upsert(VERSION, batch)
            seconds += time.perf_counter() - start
        size = index.size_bytes(VERSION)
    return {"in_per_s": round(count / seconds), "disk_mb": round((size or 0) / 1e6)}


def build(folder: Path, count: int, quantization: Quantization) -> Sample:
    """The search graph."""
    with EmbeddedIndex(folder, quantization=quantization) as index:
        start = time.perf_counter()
        was_due = index.optimize(VERSION)
        seconds = time.perf_counter() - start
        size = index.size_bytes(VERSION)
    return {"build_s": round(seconds, 2), "built": was_due, "disk_mb": round((size or 0) / 1e6)}


def search(folder: Path, count: int, quantization: Quantization) -> Sample:
    """Reopening, and each filter's queries; those of no filter are compared with what brute force finds."""
    asked = queries(QUERIES)
    right = _nearest(asked, count)
    with EmbeddedIndex(folder, quantization=quantization) as index:
        start = time.perf_counter()
        index.count(VERSION)
        sample: Sample = {"reopen_ms": _ms(time.perf_counter() - start)}
        for name, filters in FILTERS.items():
            found, took = [], []
            for vector in asked:
                start = time.perf_counter()
                hits = index.query(VERSION, vector, HITS, filters)
                took.append(time.perf_counter() - start)
                found.append({hit.point_id for hit in hits})
            sample |= {f"{name} p50_ms": _ms(np.quantile(took, 0.5)), f"{name} p95_ms": _ms(np.quantile(took, 0.95))}
            if name == "no filter":
                shares = [len(got & true) / HITS for got, true in zip(found, right, strict=True)]
                sample["recall_at_10"] = round(float(np.mean(shares)), 4)
        sample["memory_mb"] = round(psutil.Process().memory_info().rss / 1e6)
    return sample


def search_narrowly(folder: Path, count: int) -> Sample:
    """`search` with the breadth that every size once had."""
    with patch.object(edge_version, "breadth", lambda points, limit: 256):
        return search(folder, count, "none")


STEPS: dict[str, Callable[[Path, int], Sample]] = {
    "filled": fill,
    "searched as it came in": lambda folder, count: search(folder, count, "none"),
    "graph built": lambda folder, count: build(folder, count, "none"),
    "searched by graph": lambda folder, count: search(folder, count, "none"),
    "searched by graph, 256 candidates": search_narrowly,
    "int8 built": lambda folder, count: build(folder, count, "int8"),
    "searched by int8": lambda folder, count: search(folder, count, "int8"),
}


def _nearest(asked: np.ndarray, count: int, block: int = 10_000) -> list[set[str]]:
    """The points nearest to each, by comparing with all."""
    best: list[list[tuple[float, int]]] = [[] for _ in asked]
    for start in range(0, count, block):
        numbers = range(start, min(start + block, count))
        scores = asked @ vectors(numbers).T
        for row, mine in zip(scores, best, strict=True):
            top = np.argpartition(-row, min(HITS, len(row) - 1))[:HITS]
            mine.extend((float(row[each]), numbers[int(each)]) for each in top)
            mine[:] = sorted(mine, reverse=True)[:HITS]
    return [{point_id(number) for _, number in mine} for mine in best]


def _ms(seconds: float) -> float:
    return round(float(seconds) * 1e3, 3)


def main(step: str, folder: Path, count: int) -> None:
    """Do the step and print what it took."""
    print(json.dumps(STEPS[step](folder, count)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
