"""The sky of a scene: its gradient, sun or moon with halo, stars, clouds, and the fog of a misty morning.

What stands on the ground belongs in places.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from photo_assets.demo.canvas import Canvas, Point
from photo_assets.demo.light import Light, mix
from photo_assets.demo.scenes import Scene

SOFT_CELLS = 96  # cells per unit of the soft layers: clouds, halo, fog


def paint_sky(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """Everything above the horizon that the landscape will not cover."""
    # A little below the horizon, where a ridge may dip.
    canvas.gradient(canvas.top, scene.horizon + 0.06, light.sky)
    if scene.subject.time == "night":
        _paint_stars(canvas, scene, generator)
    centre = (scene.light_x, scene.horizon - light.disc_height)
    canvas.veil(_halo(canvas, centre) * light.glow, light.disc)
    canvas.ellipse(centre, light.disc_radius, light.disc_radius, light.disc)
    if scene.subject.time == "night":
        _paint_craters(canvas, centre, light)
    canvas.veil(_clouds(canvas, scene, generator) * light.cloud_opacity, light.cloud)


def paint_fog(canvas: Canvas, scene: Scene, light: Light) -> None:
    """Banks of fog around the horizon, thinning out towards us."""
    _, y = _soft_grid(canvas)
    bank = np.exp(-(((y - scene.horizon - 0.02) / 0.13) ** 2)) * 0.55
    canvas.veil((bank + 0.12).astype(np.float32), light.haze)


def _soft_grid(canvas: Canvas) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rows = round((canvas.bottom - canvas.top) * SOFT_CELLS)
    columns = round((canvas.right - canvas.left) * SOFT_CELLS)
    y = np.linspace(canvas.top, canvas.bottom, rows, dtype=np.float32)[:, None]
    x = np.linspace(canvas.left, canvas.right, columns, dtype=np.float32)[None, :]
    return np.broadcast_to(x, (rows, columns)), np.broadcast_to(y, (rows, columns))


def _halo(canvas: Canvas, centre: tuple[float, float]) -> NDArray[np.float32]:
    x, y = _soft_grid(canvas)
    distance = np.hypot(x - centre[0], y - centre[1])
    return (0.6 * np.exp(-distance / 0.2) + 0.8 * np.exp(-((distance / 0.12) ** 2))).astype(np.float32)


def _paint_stars(canvas: Canvas, scene: Scene, generator: np.random.Generator) -> None:
    for _ in range(90):
        x = float(generator.uniform(-0.2, 1.2))
        y = float(generator.uniform(-0.2, scene.horizon - 0.03))
        radius = float(generator.uniform(0.0011, 0.0032))
        canvas.ellipse((x, y), radius, radius, mix((120, 136, 190), (255, 252, 240), float(generator.random())))


def _paint_craters(canvas: Canvas, centre: tuple[float, float], light: Light) -> None:
    grey = mix(light.disc, (150, 150, 160), 0.35)
    for dx, dy, radius in ((-0.35, -0.2, 0.22), (0.3, 0.25, 0.28), (0.2, -0.45, 0.14)):
        spot = (centre[0] + dx * light.disc_radius, centre[1] + dy * light.disc_radius)
        canvas.ellipse(spot, radius * light.disc_radius, radius * light.disc_radius, grey)


def _clouds(canvas: Canvas, scene: Scene, generator: np.random.Generator) -> NDArray[np.float32]:
    """An opacity map of heaped puffs with flat undersides, long and thin when the sun is low."""
    rows, columns = _soft_grid(canvas)[0].shape
    mask = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(mask)
    stretch = 1.0 if scene.subject.time == "day" else 2.4
    for _ in range(round(1 + 5 * scene.cloudiness)):
        x, y = float(generator.uniform(-0.15, 1.15)), float(generator.uniform(0.04, scene.horizon - 0.14))
        _draw_cloud(draw, (x - canvas.left, y - canvas.top), float(generator.uniform(0.05, 0.1)), stretch, generator)
    soft = mask.filter(ImageFilter.GaussianBlur(1.0))
    return np.asarray(soft, dtype=np.float32) / np.float32(255)


def _draw_cloud(
    draw: ImageDraw.ImageDraw, middle: Point, half: float, stretch: float, generator: np.random.Generator
) -> None:
    """Puffs along a flat base, the tallest in the middle; lengths in scene units from the upper left corner."""
    for along in np.linspace(-1, 1, 11) + generator.normal(0, 0.06, 11):
        radius = half * (0.42 * (1 - 0.7 * float(along) ** 2) + 0.1) * float(generator.uniform(0.7, 1.15)) / stretch
        x, y = middle[0] + float(along) * half * stretch, middle[1] - radius * 0.75
        box = (x - radius * stretch, y - radius, x + radius * stretch, min(y + radius, middle[1]))
        draw.ellipse(tuple(edge * SOFT_CELLS for edge in box), fill=225)
