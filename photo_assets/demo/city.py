"""The city: towers with windows, a pavement, a road. The other places are in shores and inland."""

import numpy as np

from photo_assets.demo.canvas import Canvas, Point
from photo_assets.demo.ground import flat_ground
from photo_assets.demo.light import Colour, Light, lit, mix
from photo_assets.demo.scenes import Scene


def paint_city(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """Two rows of towers, a pavement and a road."""
    for distance, tall, tone in ((0.7, 0.36, (140, 152, 172)), (0.3, 0.24, (96, 106, 128))):
        x = -0.25
        while x < 1.25:
            wide, high = float(generator.uniform(0.07, 0.14)), tall * float(generator.uniform(0.4, 1.1))
            wall = lit(light, mix(tone, (150, 120, 110), float(generator.uniform(0, 0.5))), distance)
            _draw_tower(canvas, (x, scene.horizon + 0.08), wide, high, wall, light, generator)
            x += wide + float(generator.uniform(-0.01, 0.015))
    flat_ground(canvas, scene.horizon + 0.08, light, (158, 158, 162), (90, 92, 100))
    canvas.gradient(scene.horizon + 0.08, scene.horizon + 0.12, [lit(light, (178, 176, 172), 0.2)] * 2)
    for start in np.arange(-0.3, 1.3, 0.16):
        dash = [(start, 0.915), (start + 0.09, 0.915), (start + 0.1, 0.93), (start + 0.005, 0.93)]
        canvas.polygon(dash, lit(light, (232, 228, 214), 0.0))


def _draw_tower(
    canvas: Canvas, foot: Point, wide: float, high: float, wall: Colour, light: Light, generator: np.random.Generator
) -> None:
    x, y = foot
    canvas.polygon([(x, y), (x, y - high), (x + wide, y - high), (x + wide, y)], wall)
    shade = mix(wall, (20, 24, 50), 0.2)
    canvas.polygon([(x + wide * 0.8, y), (x + wide * 0.8, y - high), (x + wide, y - high), (x + wide, y)], shade)
    lamp_share = 0.5 if light.ambient[0] < 0.5 else 0.12 if light.ambient[0] < 0.9 else 0.0
    glass, lamp = mix(wall, (30, 40, 70), 0.35), (255, 218, 130)
    for row in np.arange(y - high + 0.02, y - 0.03, 0.034):
        for column in np.arange(x + wide * 0.12, x + wide * 0.7, wide * 0.22):
            pane = lamp if generator.random() < lamp_share else glass
            box = [
                (column, row),
                (column + wide * 0.12, row),
                (column + wide * 0.12, row + 0.018),
                (column, row + 0.018),
            ]
            canvas.polygon(box, pane)
