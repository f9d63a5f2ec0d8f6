"""Payloads compared across engines and restarts, which may give 50 for 50.0 and another last bit of a number.

What belongs here: one text for all payloads that say the same. What may enter a payload is `points.py`.
"""

import json
from collections.abc import Mapping
from typing import Any


def canonical(payload: Mapping[str, Any]) -> str:
    """The payload as JSON with its fields in order and its numbers to nine digits."""
    return json.dumps(_plain(payload), sort_keys=True)


def _plain(value: Any) -> Any:
    match value:
        case bool():
            return value
        case int() | float():
            return f"{value:.9g}"
        case list():
            return [_plain(each) for each in value]
        case Mapping():
            return {name: _plain(each) for name, each in value.items()}
    return value
