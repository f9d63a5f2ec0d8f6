"""What a point's vectors are called in the engines, and the two ways in which an engine writes them down.

The picture's vector has no name, as before captions had vectors too: so collections made then are read as they are, and
only get the other vector beside it. What is searched, and when, is the engines' business.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resources.vectors.port import Point, Using

NAMES: Mapping[Using, str] = {"image": "", "caption": "caption"}


def named(point: Point) -> dict[str, Any]:
    """The point's vectors by their names."""
    image = {NAMES["image"]: point.vector.tolist()}
    if point.caption_vector is None:
        return image
    return image | {NAMES["caption"]: point.caption_vector.tolist()}


def vector_of(stored: Any, using: Using) -> NDArray[np.float32] | None:
    """The vector that is meant, of those an engine tells of a point: a bare list where it has its picture's only."""
    by_name = stored if isinstance(stored, dict) else {NAMES["image"]: stored}
    values = by_name.get(NAMES[using])
    return None if values is None else np.asarray(values, np.float32)
