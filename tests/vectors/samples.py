"""Points and versions for the tests: few dimensions, reproducible ids, payloads as the platform writes them."""

import uuid
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resources.vectors.port import Point

VERSION = "tiny-clip-8-0123456789ab"
OTHER_VERSION = "tiny-clip-8-ba9876543210"
DIMENSIONS = 8


def point_id(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"photo-{number}"))


def unit(*components: float) -> NDArray[np.float32]:
    """A unit vector along `components`, the missing ones 0."""
    vector = np.zeros(DIMENSIONS, np.float32)
    vector[: len(components)] = components
    return vector / np.linalg.norm(vector)


def payload(number: int) -> dict[str, Any]:
    return {
        "photo_id": point_id(number),
        "caption": f"photo {number}, größer als 大",
        "paths": [f"2024/{number}.jpg", f"copies/{number}.jpg"],
        "taken_at": f"20{10 + number % 10}-06-01T12:00:00+00:00",
        "camera": f"camera {number % 3}",
        "format": "jpeg" if number % 2 else "dng",
        "location": {"lat": 48.1, "lon": -11.5 + number / 100},
        "iso": None,
    }


def point(number: int, vector: NDArray[np.float32] | None = None) -> Point:
    """Photo `number`; its vector turns from the first axis to the second as the number grows to 100."""
    angle = number / 100 * np.pi / 2
    return Point(point_id(number), unit(np.cos(angle), np.sin(angle)) if vector is None else vector, payload(number))
