"""One way of decoding one file, in the process that a benchmark starts for it: prints its sample as one line of JSON.

Warm-up and the comparison with the exact result are outside the timer.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.decode_ways import WAYS, Pixels, Way, set_up

MIN_CALLS, MIN_SECONDS = 2, 0.5


def main(path: Path, ways: str, name: str, exact: Path) -> None:
    """Measure the way called `name`, as often as the minimum of calls and of seconds asks for."""
    set_up()
    way = WAYS[ways][name]
    quality_db = psnr_db(pixels_of(way(path)), np.load(exact))
    print(json.dumps({"ms": timed_ms(way, path), "psnr_db": round(quality_db, 1)}))


def timed_ms(way: Way, path: Path) -> list[float]:
    """The milliseconds of each call."""
    calls: list[float] = []
    while len(calls) < MIN_CALLS or sum(calls) < MIN_SECONDS * 1000:
        started = time.perf_counter()
        way(path)
        calls.append(round((time.perf_counter() - started) * 1000, 2))
    return calls


def pixels_of(result: Pixels) -> NDArray[np.uint8]:
    """Any way's result as an (H, W, 3) uint8 array."""
    if isinstance(result, Path):
        with Image.open(result) as image:
            return np.asarray(image)
    return np.asarray(result)


def psnr_db(found: NDArray[np.uint8], exact: NDArray[np.uint8]) -> float:
    """The peak signal-to-noise ratio of two pictures of the same size, at most 99."""
    error = float(np.mean((found.astype(np.float64) - exact) ** 2))
    return min(99.0, float(10 * np.log10(255**2 / max(error, 1e-12))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
