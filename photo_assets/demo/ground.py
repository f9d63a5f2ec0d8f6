"""The ground that places are made of: ridges, fills, flat ground, and where things may stand beside the object.

Which place is made of what is in shores, inland and city.
"""

from collections.abc import Sequence

import numpy as np

from photo_assets.demo.canvas import Canvas, Point
from photo_assets.demo.light import Colour, Light, lit

SPAN = np.linspace(-0.2, 1.2, 71)  # x of ridge points: covers the widest picture


def waves(generator: np.random.Generator, base: float, height: float) -> list[Point]:
    """A soft ridge of y about `base`: three sines with random phases."""
    phases = generator.uniform(0, 2 * np.pi, 3)
    rises = sum(np.sin(SPAN * rate * np.pi + phase) / rate for rate, phase in zip((1.7, 3.1, 6.3), phases, strict=True))
    return list(zip(SPAN.tolist(), (base - height * np.asarray(rises)).tolist(), strict=True))


def fill_below(canvas: Canvas, ridge: Sequence[Point], colour: Colour) -> None:
    """The ground under a ridge, down to the edge of the picture."""
    canvas.polygon([*ridge, (1.3, canvas.bottom + 0.1), (-0.3, canvas.bottom + 0.1)], colour)


def flat_ground(canvas: Canvas, upper: float, light: Light, far: Colour, near: Colour) -> None:
    """Flat ground from y `upper` to our feet."""
    canvas.gradient(upper, canvas.bottom, (lit(light, far, 0.6), lit(light, near, 0.15), lit(light, near, 0.0)))


def beside(generator: np.random.Generator, reach: float = 0.3) -> float:
    """An x near the left or the right edge, out of the object's way."""
    offset = float(generator.uniform(-0.15, reach - 0.1))
    return offset if generator.random() < 0.5 else 1 - offset
