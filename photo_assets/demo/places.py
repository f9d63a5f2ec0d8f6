"""Which painter lays out which place, from the skyline to our feet. The painters are in shores, inland and city."""

from collections.abc import Callable

import numpy as np

from photo_assets.demo.canvas import Canvas
from photo_assets.demo.city import paint_city
from photo_assets.demo.inland import paint_desert, paint_meadow, paint_mountains, paint_snow
from photo_assets.demo.light import Light
from photo_assets.demo.scenes import Scene
from photo_assets.demo.shores import paint_beach, paint_lake, paint_sea

PlacePainter = Callable[[Canvas, Scene, Light, np.random.Generator], None]

PLACE_PAINTERS: dict[str, PlacePainter] = {
    "lake": paint_lake,
    "sea": paint_sea,
    "beach": paint_beach,
    "mountains": paint_mountains,
    "desert": paint_desert,
    "meadow": paint_meadow,
    "snow": paint_snow,
    "city": paint_city,
}
