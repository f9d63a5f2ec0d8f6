"""A resolution-free canvas over Pillow: points in scene units, drawn oversampled, brought down once at the end.

Only drawing primitives belong here; what they depict is said in skies, places and objects.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from photo_assets.demo.light import Colour, mix

Point = tuple[float, float]


def to_ints(colour: Colour) -> tuple[int, int, int]:
    """The colour as Pillow wants it."""
    r, g, b = (max(0, min(255, round(channel))) for channel in colour)
    return r, g, b


class Canvas:
    """A width x height picture whose central square spans 0 to 1 in both axes, y downwards."""

    def __init__(self, width: int, height: int, oversampling: int) -> None:
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width * oversampling, height * oversampling))
        self.pixels_per_unit = min(self.image.size)
        self._offset = tuple((side - self.pixels_per_unit) / 2 for side in self.image.size)
        self.left, self.top = (-offset / self.pixels_per_unit for offset in self._offset)
        self.right, self.bottom = 1 - self.left, 1 - self.top
        self._draw = ImageDraw.Draw(self.image)

    def pixel(self, point: Point) -> Point:
        """Where a point of the scene lies in the oversampled image."""
        return (
            point[0] * self.pixels_per_unit + self._offset[0],
            point[1] * self.pixels_per_unit + self._offset[1],
        )

    def polygon(self, points: Iterable[Point], colour: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([self.pixel(point) for point in points], fill=to_ints(colour))

    def ellipse(self, centre: Point, radius_x: float, radius_y: float, colour: Colour) -> None:
        """A filled upright ellipse."""
        first = self.pixel((centre[0] - radius_x, centre[1] - radius_y))
        last = self.pixel((centre[0] + radius_x, centre[1] + radius_y))
        self._draw.ellipse((*first, *last), fill=to_ints(colour))

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """An open line with round joints, at least one oversampled pixel wide."""
        pixels = max(1, round(width * self.pixels_per_unit))
        self._draw.line([self.pixel(p) for p in points], fill=to_ints(colour), width=pixels, joint="curve")

    def gradient(self, upper: float, lower: float, stops: Sequence[Colour]) -> None:
        """A band across the whole picture, from y `upper` to y `lower`, through evenly spaced colours."""
        first, last = (round(self.pixel((0.0, y))[1]) for y in (upper, lower))
        strip = Image.fromarray(np.array([[to_ints(stop)] for stop in stops], dtype=np.uint8))
        ends = (0.0, 0.5, 1.0, len(stops) - 0.5)  # from the middle of the first stop to that of the last
        column = strip.resize((1, max(1, last - first)), Image.Resampling.BILINEAR, box=ends)
        self.image.paste(column.resize((self.image.width, column.height)), (0, first))

    def veil(self, opacity: NDArray[np.float32], colour: Colour) -> None:
        """A soft layer over the whole picture; opacity is an (h, w) array, 0 to 1, of any resolution."""
        mask = Image.fromarray(np.uint8(np.clip(opacity, 0, 1) * 255))
        self.image.paste(to_ints(colour), (0, 0), mask.resize(self.image.size, Image.Resampling.BICUBIC))

    def reflect(self, mirror: float, dim: Colour, share: float) -> None:
        """Mirror what stands above y `mirror` into the water below it, mixed with `share` of the water's colour."""
        edge = round(self.pixel((0.0, mirror))[1])
        depth = min(edge, self.image.height - edge)
        above = self.image.crop((0, edge - depth, self.image.width, edge))
        flipped = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        self.image.paste(Image.blend(flipped, Image.new("RGB", flipped.size, to_ints(dim)), share), (0, edge))

    def developed(self) -> NDArray[np.float32]:
        """The picture at its final resolution, an (H, W, 3) float32 RGB array, 0 to 255."""
        size = (self.width, self.height)
        return np.asarray(self.image.resize(size, Image.Resampling.BOX), dtype=np.float32)


@dataclass(frozen=True)
class Brush:
    """Draws one object in its own frame: origin where it stands, y upwards, one unit its height."""

    canvas: Canvas
    origin: Point
    size: float
    facing: int = 1
    upright: int = 1  # -1 draws the mirror image in the water
    tint: Colour = (0.0, 0.0, 0.0)
    tint_share: float = 0.0

    def reflected(self, tint: Colour, share: float) -> "Brush":
        """The brush for the object's image in water of this colour."""
        return replace(self, upright=-1, tint=tint, tint_share=share)

    def _place(self, point: Point) -> Point:
        x, y = point
        return self.origin[0] + self.facing * x * self.size, self.origin[1] - self.upright * y * self.size

    def polygon(self, points: Iterable[Point], colour: Colour) -> None:
        """A filled polygon."""
        self.canvas.polygon((self._place(p) for p in points), mix(colour, self.tint, self.tint_share))

    def ellipse(self, centre: Point, radius_x: float, radius_y: float, colour: Colour) -> None:
        """A filled upright ellipse."""
        shade = mix(colour, self.tint, self.tint_share)
        self.canvas.ellipse(self._place(centre), radius_x * self.size, radius_y * self.size, shade)

    def line(self, points: Iterable[Point], width: float, colour: Colour) -> None:
        """An open line."""
        shade = mix(colour, self.tint, self.tint_share)
        self.canvas.line([self._place(p) for p in points], width * self.size, shade)
