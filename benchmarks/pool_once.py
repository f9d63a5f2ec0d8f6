"""The same photos through the pool or in a plain loop, in the process that a benchmark starts: prints one line of JSON.

The workers' start and their first photos are outside the timer.
"""

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.decode_ways import LIMITS, set_up
from resources.decoding.pool import DecodingPool
from resources.decoding.previews import PreviewStore
from resources.decoding.requests import DecodeRequest, DecodeResult
from resources.decoding.worker import decode_photo

LOOP = 0  # workers


def main(workers: int, photos: int, paths: Sequence[Path]) -> None:
    """Decode `photos` requests that go round the paths, by so many workers, or by this very process for LOOP."""
    requests = [request_for(number, paths[number % len(paths)]) for number in range(photos)]
    with tempfile.TemporaryDirectory() as scratch:
        store = PreviewStore(Path(scratch))
        seconds, results = in_loop(store, requests) if workers == LOOP else in_pool(store, requests, workers)
    if any(result.status != "ok" for result in results):
        raise SystemExit("a photo of the benchmark was not decoded")
    print(json.dumps({"workers": workers, "photos": photos, "seconds": round(seconds, 3)}))


def in_loop(store: PreviewStore, requests: Sequence[DecodeRequest]) -> tuple[float, list[DecodeResult]]:
    """Decode like a worker, without the processes."""
    set_up()
    decode_photo(requests[0], store, LIMITS)
    started = time.perf_counter()
    results = [decode_photo(request, store, LIMITS) for request in requests]
    return time.perf_counter() - started, results


def in_pool(store: PreviewStore, requests: Sequence[DecodeRequest], workers: int) -> tuple[float, list[DecodeResult]]:
    """Decode as an ingest does."""
    with DecodingPool(store, LIMITS, workers) as pool:
        pool.decode(requests[: 2 * workers])
        started = time.perf_counter()
        results = pool.decode(requests)
        return time.perf_counter() - started, results


def request_for(number: int, path: Path) -> DecodeRequest:
    """Ask for a photo under an id made of a number."""
    return DecodeRequest(f"{number:08x}", os.fsencode(path), hashlib.sha256(path.read_bytes()).hexdigest())


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
