"""The open places without water: mountains, desert, meadow, snow. The others are in shores and city."""

import numpy as np

from photo_assets.demo.canvas import Brush, Canvas, Point
from photo_assets.demo.ground import beside, fill_below, waves
from photo_assets.demo.light import Colour, Light, lit, mix
from photo_assets.demo.plants import TRUNK, draw_cactus, draw_fir, draw_round_tree
from photo_assets.demo.scenes import Scene

SNOW: Colour = (244, 248, 254)
ROCK: Colour = (112, 116, 136)


def paint_mountains(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """Snow-capped peaks over an alp with firs."""
    for distance, lift, count in ((0.7, 0.27, 4), (0.4, 0.17, 5)):
        for x in np.linspace(-0.15, 1.15, count) + generator.normal(0, 0.05, count):
            peak = (float(x), scene.horizon - lift * float(generator.uniform(0.75, 1.25)))
            _draw_peak(canvas, peak, scene.horizon + 0.04, light, distance, generator)
    fill_below(canvas, waves(generator, scene.horizon + 0.03, 0.02), lit(light, (84, 122, 84), 0.35))
    fill_below(canvas, waves(generator, scene.horizon + 0.13, 0.03), lit(light, (106, 142, 88), 0.1))
    for _ in range(12):
        fir = Brush(
            canvas, (beside(generator, 0.4), float(generator.uniform(0.7, 0.84))), float(generator.uniform(0.1, 0.2))
        )
        draw_fir(fir, lit(light, (40, 86, 64), 0.1), lit(light, TRUNK, 0.1))


def _draw_peak(
    canvas: Canvas, top: Point, foot: float, light: Light, distance: float, generator: np.random.Generator
) -> None:
    half, height = (foot - top[1]) * 0.85, foot - top[1]
    canvas.polygon([(top[0] - half, foot), top, (top[0] + half, foot)], lit(light, ROCK, distance))
    dark = lit(light, mix(ROCK, (40, 40, 70), 0.4), distance)
    canvas.polygon(
        [top, (top[0] + half, foot), (top[0] + half * 0.12, foot), (top[0] - 0.02, top[1] + height * 0.5)], dark
    )
    edge = np.array([0.36, 0.28, 0.42, 0.3, 0.38]) + generator.uniform(-0.05, 0.05, 5)
    xs = edge * np.array([-1, -0.45, 0.0, 0.5, 1])
    rim = [(top[0] + float(x) * half, top[1] + float(e) * height) for x, e in zip(xs, edge, strict=True)]
    canvas.polygon([top, *rim], lit(light, SNOW, distance * 0.8))
    canvas.polygon([top, *rim[2:]], lit(light, mix(SNOW, (120, 140, 190), 0.35), distance * 0.8))


def paint_desert(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """Dunes with a lit and a shaded side, a few cacti."""
    mesa = float(generator.uniform(0.05, 0.95))
    rock = [
        (mesa - 0.22, scene.horizon + 0.05),
        (mesa - 0.15, scene.horizon - 0.12),
        (mesa + 0.13, scene.horizon - 0.12),
    ]
    canvas.polygon([*rock, (mesa + 0.21, scene.horizon + 0.05)], lit(light, (190, 104, 76), 0.55))
    tones = ((232, 158, 92), (224, 142, 74), (236, 160, 88))
    for base, tone, distance in zip((0.0, 0.1, 0.24), tones, (0.5, 0.25, 0.05), strict=True):
        ridge = waves(generator, scene.horizon + base, 0.035)
        fill_below(canvas, ridge, lit(light, mix(tone, (150, 70, 40), 0.3), distance))
        lower = [(x, y + 0.012 + 0.03 * (1 + np.sin(x * 9))) for x, y in ridge]
        fill_below(canvas, lower, lit(light, tone, distance))
    for _ in range(4):
        at = (beside(generator, 0.34), float(generator.uniform(0.7, 0.9)))
        draw_cactus(Brush(canvas, at, float(generator.uniform(0.1, 0.22))), lit(light, (74, 118, 70), 0.05))


def paint_meadow(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """Rolling hills, round trees, wild flowers."""
    fill_below(canvas, waves(generator, scene.horizon - 0.04, 0.04), lit(light, (128, 178, 120), 0.75))
    fill_below(canvas, waves(generator, scene.horizon + 0.01, 0.03), lit(light, (130, 190, 84), 0.4))
    for _ in range(6):
        tree = Brush(canvas, (beside(generator, 0.45), scene.horizon + 0.04), float(generator.uniform(0.08, 0.18)))
        draw_round_tree(tree, lit(light, (82, 142, 66), 0.3), lit(light, TRUNK, 0.3))
    fill_below(canvas, waves(generator, scene.horizon + 0.11, 0.02), lit(light, (142, 202, 84), 0.15))
    fill_below(canvas, waves(generator, 0.92, 0.03), lit(light, (116, 182, 72), 0.0))
    for _ in range(60):
        y = float(generator.uniform(scene.horizon + 0.18, canvas.bottom))
        petal = ((252, 250, 240), (250, 222, 110), (244, 170, 196))[int(generator.integers(3))]
        canvas.ellipse((float(generator.uniform(-0.2, 1.2)), y), 0.0075 * y, 0.0065 * y, lit(light, petal, 0.1))


def paint_snow(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """White drifts, snowed-on firs."""
    blue = (176, 196, 228)
    fill_below(canvas, waves(generator, scene.horizon - 0.03, 0.03), lit(light, mix(SNOW, blue, 0.75), 0.5))
    for x in np.arange(-0.2, 1.2, 0.06):
        at = (float(x + generator.normal(0, 0.02)), scene.horizon + 0.03)
        draw_fir(
            Brush(canvas, at, float(generator.uniform(0.09, 0.19))),
            lit(light, (64, 98, 96), 0.35),
            lit(light, TRUNK, 0.3),
        )
    for base, share, height in ((0.03, 0.45, 0.015), (0.14, 0.15, 0.025), (0.3, 0.0, 0.03)):
        fill_below(canvas, waves(generator, scene.horizon + base, height), lit(light, mix(SNOW, blue, share), 0.1))
    for _ in range(6):
        at = (beside(generator, 0.3), float(generator.uniform(0.76, 0.92)))
        fir = Brush(canvas, at, float(generator.uniform(0.2, 0.34)))
        draw_fir(fir, lit(light, (52, 92, 84), 0.05), lit(light, TRUNK, 0.05), lit(light, SNOW, 0.05))
