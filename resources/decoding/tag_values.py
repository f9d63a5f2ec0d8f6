"""Cleaning single tag values, which come from files and may hold anything.

What belongs here: turning a JSON value into a plausible text, list of texts, number or integer, or None. What does not:
which tag means what (metadata.py, capture_time.py, geotags.py).
"""

import re
from collections.abc import Iterable
from typing import Any

_MAX_TEXT_LENGTH = 200
_MAX_TEXTS = 256  # the longest keyword lists of real photos have about a hundred
_UNKNOWN = frozenset({"unknown", "none", "null", "n/a"})
_NUMBER = re.compile(r"\s*([+-]?\d{1,20}(?:\.\d{0,20})?)(?:/(\d{1,20}))?\s*")  # XMP writes 0.004 as "1/250"


def clean_text(value: Any, max_length: int = _MAX_TEXT_LENGTH) -> str | None:
    """Return a short single line without control characters, or None where nothing is said."""
    if not isinstance(value, str):
        return None
    text = value.partition("\0")[0].encode("utf-8", "ignore").decode()
    printable = "".join(each if each.isprintable() else " " for each in text[: 4 * max_length])
    line = " ".join(printable.split())[:max_length].strip()
    return None if line.lower() in _UNKNOWN or not line.strip("-.? 0") else line


def clean_texts(values: Iterable[Any]) -> list[str] | None:
    """Return each clean text once, whatever its case, in order; None where nothing is said."""
    found: dict[str, str] = {}
    for value in values:
        text = clean_text(value)
        if text is not None and len(found) < _MAX_TEXTS:
            found.setdefault(text.casefold(), text)
    return list(found.values()) or None


def number_in(value: Any, low: float, high: float) -> float | None:
    """Return a finite number within [low, high], from a list's first item or from text if need be, or None."""
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, str):
        first = _number_of(first)
    if isinstance(first, bool) or not isinstance(first, int | float):
        return None
    return float(first) if low <= first <= high else None


def integer_in(value: Any, low: int, high: int) -> int | None:
    """Return a whole number within [low, high], or None."""
    number = number_in(value, low, high)
    return None if number is None else round(number)


def _number_of(text: str) -> float | None:
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    divisor = float(found[2] or 1)
    return float(found[1]) / divisor if divisor else None
