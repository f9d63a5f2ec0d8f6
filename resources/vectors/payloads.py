"""Points compared across engines and restarts, which may give 50 for 50.0 and another last bit of a number.

What belongs here: one text for all payloads that say the same, and whether two vectors are the same. What may enter a
payload is `points.py`.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# An engine norms what it is given, and a server its numbers once more, which changes their last bits.
_TOLERANCE = 1e-5


def canonical(payload: Mapping[str, Any]) -> str:
    """The payload as JSON with its fields in order and its numbers to nine digits."""
    return json.dumps(_plain(payload), sort_keys=True)


def is_like(one: "NDArray[np.float32] | None", other: "NDArray[np.float32] | None") -> bool:
    """Whether two vectors of norm 1 are the same but for their last bits; where one is missing, whether both are."""
    import numpy as np

    if one is None or other is None:
        return one is other
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=0, atol=_TOLERANCE))


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
