"""Cleaning single tag values, which come from files and may hold anything.

What belongs here: turning a JSON value into a plausible text, number or integer, or None. What does not: which tag
means what (metadata.py, capture_time.py, geotags.py).
"""

import math
from typing import Any

_MAX_TEXT_LENGTH = 200
_UNKNOWN = frozenset({"unknown", "none", "null", "n/a"})


def clean_text(value: Any) -> str | None:
    """Return a short single line without control characters, or None where nothing is said."""
    if not isinstance(value, str):
        return None
    text = value.partition("\0")[0].encode("utf-8", "ignore").decode()
    printable = "".join(each if each.isprintable() else " " for each in text[: 4 * _MAX_TEXT_LENGTH])
    line = " ".join(printable.split())[:_MAX_TEXT_LENGTH].strip()
    return None if line.lower() in _UNKNOWN or not line.strip("-.? 0") else line


def number_in(value: Any, low: float, high: float) -> float | None:
    """Return a finite number within [low, high], taken from a list's first item if need be, or None."""
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, bool) or not isinstance(first, int | float):
        return None
    return float(first) if math.isfinite(first) and low <= first <= high else None


def integer_in(value: Any, low: int, high: int) -> int | None:
    """Return a whole number within [low, high], or None."""
    number = number_in(value, low, high)
    return None if number is None else round(number)
