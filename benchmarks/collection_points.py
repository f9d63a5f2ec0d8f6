"""Points as an ingest writes them, of no photos: the same ones for the same numbers, on every machine.

Vectors lie as those of pictures do, near a space of far fewer dimensions than their own: evenly spread ones, which no
model gives, would make any graph look bad. A caption's vector lies near its picture's.
"""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resources.vectors.port import Filters, Place, Point

DIMENSIONS = 512
BATCH = 256  # points of one batch of photos
VERSION = "measured-512-000000000000"

_LATENT = 64
_NOISE = 0.3
_FIRST_DAY = datetime(2010, 1, 1)
_DAYS = 5_000

Vectors = NDArray[np.float32]


def vectors(numbers: range, seed: int = 0) -> Vectors:
    """(n, DIMENSIONS) float32 unit vectors, one for each number."""
    plane = np.random.default_rng([seed, 1]).normal(size=(_LATENT, DIMENSIONS)) / np.sqrt(_LATENT)
    rows = [np.random.default_rng([seed, 2, number]) for number in numbers]
    latent = np.stack([row.normal(size=_LATENT) for row in rows])
    noise = np.stack([row.normal(size=DIMENSIONS) for row in rows])
    return _unit(latent @ plane + _NOISE * noise)


def batches(count: int) -> Iterator[list[Point]]:
    """The points 0 to `count`, BATCH at a time."""
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        pictures = vectors(numbers)
        captions = _unit(pictures + _NOISE / np.sqrt(DIMENSIONS) * vectors(numbers, seed=9))
        yield [
            Point(point_id(number), picture, payload(number), caption)
            for number, picture, caption in zip(numbers, pictures, captions, strict=True)
        ]


def queries(count: int) -> Vectors:
    """Vectors to look for, of no point."""
    return vectors(range(10**9, 10**9 + count))


def point_id(number: int) -> str:
    """The number as a UUID, so that hits say which they are."""
    return str(uuid.UUID(int=number))


def payload(number: int) -> dict[str, Any]:
    """What is told of a photo: fourteen years of days, twelve cameras, places all over Europe."""
    row = np.random.default_rng([3, number])
    return {
        "photo_id": point_id(number),
        "paths": [f"/photos/{number % 500:03}/IMG_{number:07}.jpg"],
        "presence": "present",
        "caption": f"a photo of thing {number % 997} near thing {number % 89}",
        "taken_at": (_FIRST_DAY + timedelta(days=int(row.integers(_DAYS)))).isoformat(),
        "camera": f"Camera {number % 12}",
        "lens_model": f"Lens {number % 7}",
        "format": ("jpeg", "heic", "dng", "png")[number % 4],
        "rating": number % 6,
        "keywords": [f"word {number % 40}"],
        "location": {"lat": float(row.uniform(36, 60)), "lon": float(row.uniform(-9, 25))},
        "width_px": 6000,
        "height_px": 4000,
    }


FILTERS: dict[str, Filters] = {
    "no filter": Filters(),
    "a year": Filters(taken_from=datetime(2015, 1, 1), taken_before=datetime(2016, 1, 1)),
    "a place": Filters(place=Place(48.1, 11.5, 100)),
    "a camera": Filters(camera="Camera 3"),
}


def _unit(rows: NDArray[np.floating[Any]]) -> Vectors:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
