"""What may enter the index: checks on points, ids, payloads and version names, made before anything is written.

What belongs here: refusals, each with the point and the reason. They exist because the engines do not refuse:
the embedded one stores NaN vectors, the server's JSON turns NaN into null, both fail half-way on text that is
not UTF-8. Which fields a payload has is not checked here.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resources.vectors.errors import DimensionMismatch, InvalidPoint, InvalidVersionName
from resources.vectors.port import Point

_NORM_TOLERANCE = 1e-2  # vectors computed in half precision are off by up to 1e-3
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSION = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,198}[a-z0-9])?")  # lower case: some file systems ignore case


def check_version_name(version: str) -> None:
    """Raise InvalidVersionName unless `version` can name a directory and a collection everywhere."""
    if not _VERSION.fullmatch(version):
        raise InvalidVersionName(version)


def check_points(version: str, dimensions: int, points: Sequence[Point]) -> None:
    """Raise for the first point whose id, vector or payload would be stored wrongly."""
    check_ids(point.point_id for point in points)
    for point in points:
        for vector in (point.vector, point.caption_vector):
            if vector is not None:
                _check_unit_vector(version, dimensions, vector, point.point_id)
        check_payload(point.point_id, point.payload)


def last_of_each(points: Sequence[Point]) -> list[Point]:
    """The points, of several with one id the last: so that it stays the last when they are sent side by side."""
    return list({point.point_id: point for point in points}.values())


def check_ids(point_ids: Iterable[str]) -> None:
    """Raise InvalidPoint for the first id that is not a UUID as Python writes it."""
    for point_id in point_ids:
        if not _is_canonical_uuid(point_id):
            raise InvalidPoint(str(point_id), "the id is not a UUID as lower-case text")


def check_vector(version: str, dimensions: int, vector: NDArray[np.float32], name: str) -> None:
    """Raise DimensionMismatch or InvalidPoint unless `vector` is (dimensions,) and finite; `name` says whose."""
    _check_shape(version, dimensions, vector, name)
    if not np.isfinite(vector).all():
        raise InvalidPoint(name, "the vector has NaN or infinite values")


def check_payload(point_id: str, payload: Mapping[str, Any]) -> None:
    """Raise InvalidPoint unless `payload` is made of what JSON and UTF-8 can hold exactly."""
    for field, value in payload.items():
        reason = _refusal(field) if isinstance(field, str) else f"key {field!r} is not text"
        reason = reason or _refusal(value)
        if reason:
            raise InvalidPoint(point_id, f"payload field {field!r}: {reason}")


def _is_canonical_uuid(point_id: object) -> bool:
    return isinstance(point_id, str) and _UUID.fullmatch(point_id) is not None


def _check_shape(version: str, dimensions: int, vector: NDArray[np.float32], name: str) -> None:
    if vector.ndim != 1:
        raise InvalidPoint(name, f"the vector has shape {vector.shape}, not ({dimensions},)")
    if vector.shape[0] != dimensions:
        raise DimensionMismatch(version, dimensions, vector.shape[0])


def _check_unit_vector(version: str, dimensions: int, vector: NDArray[np.float32], point_id: str) -> None:
    _check_shape(version, dimensions, vector, point_id)
    norm = math.sqrt(vector @ vector)  # of a vector with NaN or infinite values, it is one of those too
    if not abs(norm - 1.0) <= _NORM_TOLERANCE:
        check_vector(version, dimensions, vector, point_id)
        raise InvalidPoint(point_id, f"the vector's norm is {norm:.4g}, not 1")


def _refusal(value: Any) -> str | None:
    """Why JSON could not hold `value` exactly, or None."""
    match value:
        case None | bool():
            return None
        case str():
            return None if _is_utf8(value) else "text that is not UTF-8 (a lone surrogate)"
        case int():
            return None if -(2**63) <= value < 2**63 else f"{value} does not fit into 64 bits"
        case float():
            return None if math.isfinite(value) else f"{value} is not a finite number"
        case list():
            return next(filter(None, map(_refusal, value)), None)
        case dict():
            return next(filter(None, map(_refusal_of_item, value.items())), None)
    return f"{type(value).__name__} is not a JSON value"


def _refusal_of_item(item: tuple[Any, Any]) -> str | None:
    key, value = item
    if not isinstance(key, str):
        return f"key {key!r} is not text"
    return _refusal(key) or _refusal(value)


def _is_utf8(text: str) -> bool:
    if text.isascii():  # told by one flag of the text, and true of most
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
