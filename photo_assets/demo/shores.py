"""The places with water: lake, sea, beach. The dry ones are in inland and city."""

import numpy as np

from photo_assets.demo.canvas import Brush, Canvas
from photo_assets.demo.ground import beside, fill_below, waves
from photo_assets.demo.light import Colour, Light, lit, mix
from photo_assets.demo.plants import TRUNK, draw_fir, draw_palm, draw_tuft
from photo_assets.demo.scenes import Scene

SAND: Colour = (240, 212, 158)


def glitter(canvas: Canvas, scene: Scene, light: Light, upper: float, generator: np.random.Generator) -> None:
    """The path of sun or moon on the water, and ripples all over."""
    for _ in range(70):
        depth = float(generator.random()) ** 1.5
        y = upper + 0.01 + depth * (canvas.bottom - upper)
        near_light = generator.random() < 0.6
        x = (
            scene.light_x + float(generator.normal(0, 0.03 + 0.06 * depth))
            if near_light
            else float(generator.uniform(-0.2, 1.2))
        )
        half = float(generator.uniform(0.006, 0.02)) * (1 + 2.5 * depth)
        shade = mix(lit(light, (120, 180, 215), 0.4), light.disc, 0.55 if near_light else 0.12)
        canvas.ellipse((x, y), half, 0.0012 + 0.002 * depth, shade)


def paint_lake(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """Wooded hills and their mirror image."""
    for distance, base, height, green in ((0.85, 0.1, 0.06, (96, 136, 128)), (0.55, 0.035, 0.03, (62, 112, 84))):
        fill_below(canvas, waves(generator, scene.horizon - base, height), lit(light, green, distance))
    for x in np.arange(-0.2, 1.2, 0.028):
        tree = Brush(
            canvas, (float(x + generator.normal(0, 0.01)), scene.horizon), float(generator.uniform(0.03, 0.07))
        )
        draw_fir(tree, lit(light, (42, 92, 66), 0.4), lit(light, TRUNK, 0.4))
    canvas.reflect(scene.horizon, lit(light, (70, 134, 168), 0.2), 0.4)
    glitter(canvas, scene, light, scene.horizon, generator)
    for _ in range(7):
        reed = Brush(canvas, (beside(generator), canvas.bottom + 0.02), float(generator.uniform(0.1, 0.2)))
        draw_tuft(reed, lit(light, (86, 110, 58), 0.0), generator)


def paint_sea(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """Open water to a flat horizon, with wave crests."""
    deep = ((92, 176, 190), (22, 124, 150), (8, 78, 118))
    canvas.gradient(
        scene.horizon, canvas.bottom, [lit(light, c, d) for c, d in zip(deep, (0.5, 0.15, 0.0), strict=True)]
    )
    glitter(canvas, scene, light, scene.horizon, generator)
    foam = lit(light, (214, 238, 240), 0.2)
    for step in np.linspace(0.12, 1.0, 9):
        y = scene.horizon + float(step) ** 1.6 * (canvas.bottom - scene.horizon)
        for start in generator.uniform(-0.2, 1.1, 4):
            xs = np.linspace(start, start + 0.05 + 0.16 * step, 9)
            crest = y - 0.012 * step * np.abs(np.sin((xs - start) * 30))
            canvas.line(list(zip(xs.tolist(), crest.tolist(), strict=True)), 0.001 + 0.005 * float(step), foam)


def paint_beach(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """A strip of sea, wide sand, palms at the edge."""
    canvas.gradient(
        scene.horizon, scene.horizon + 0.1, [lit(light, (36, 140, 186), 0.4), lit(light, (108, 212, 210), 0.1)]
    )
    shore = waves(generator, scene.horizon + 0.09, 0.008)
    fill_below(canvas, [(x, y - 0.012) for x, y in shore], lit(light, (250, 252, 250), 0.1))
    fill_below(canvas, shore, lit(light, mix(SAND, TRUNK, 0.25), 0.1))
    fill_below(canvas, [(x, y + 0.03) for x, y in shore], lit(light, SAND, 0.05))
    fill_below(canvas, waves(generator, 0.93, 0.02), lit(light, mix(SAND, TRUNK, 0.12), 0.0))
    for _ in range(25):
        pebble = (float(generator.uniform(-0.2, 1.2)), float(generator.uniform(scene.horizon + 0.16, canvas.bottom)))
        canvas.ellipse(pebble, 0.005, 0.003, lit(light, (196, 164, 120), 0.0))
    left = -0.02 if generator.random() < 0.5 else 1.02
    for root in (left, left + float(generator.uniform(-0.06, 0.06)))[: int(generator.integers(1, 3))]:
        palm = Brush(canvas, (root, 0.86), float(generator.uniform(0.48, 0.66)), 1 if left < 0.5 else -1)
        draw_palm(palm, lit(light, (52, 128, 70), 0.0), lit(light, (138, 104, 74), 0.0))
