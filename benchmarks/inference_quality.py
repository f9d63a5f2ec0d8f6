"""What answers are worth beside the reference's: the figure that stands beside each speed."""

from collections.abc import Sequence
from typing import Any

from benchmarks.inference_choice import CLIP


def quality(task: str, expected: Sequence[Any], found: Sequence[Any]) -> dict[str, float]:
    """The lowest cosine of a vector with its reference, or the share of equal captions; nothing if none were found.

    Where a configuration was shown more pictures than the reference, those both saw are compared.
    """
    if not found:
        return {}
    pairs = list(zip(expected, found, strict=False))
    if task == CLIP:
        return {"min_cosine": round(min(float(one @ other) for one, other in pairs), 6)}
    return {"captions_equal": round(sum(one == other for one, other in pairs) / len(pairs), 4)}
