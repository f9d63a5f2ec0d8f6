"""From a scene to its picture: the layers in painting order, then what the camera adds.

The same scene gives the same picture at every resolution (but for the grain). Encoding belongs in files and dng.
"""

import numpy as np
from numpy.typing import NDArray

from photo_assets.demo.canvas import Brush, Canvas
from photo_assets.demo.light import LIGHTS, Light, lit, mix
from photo_assets.demo.objects import OBJECT_PAINTERS
from photo_assets.demo.places import PLACE_PAINTERS
from photo_assets.demo.scenes import Scene
from photo_assets.demo.skies import paint_fog, paint_sky
from photo_assets.demo.tones import mix_tones
from photo_assets.demo.vocabulary import FLYING

HEIGHT_OF_OBJECT = {"car": 0.52, "tent": 0.72, "cottage": 0.82}  # of the scene's size: these are wider than tall
LOW_RESOLUTION = 256  # short sides below this are oversampled more


def paint(scene: Scene, short_side: int) -> NDArray[np.uint8]:
    """The picture of a scene at aspect 4:3 or 3:4: an (H, W, 3) uint8 sRGB array, `short_side` in pixels."""
    long_side = round(short_side * 4 / 3)
    width, height = (short_side, long_side) if scene.portrait else (long_side, short_side)
    canvas = Canvas(width, height, 3 if short_side < LOW_RESOLUTION else 2)
    light = LIGHTS[scene.subject.time]
    generator = np.random.default_rng(scene.seed)
    paint_sky(canvas, scene, light, generator)
    PLACE_PAINTERS[scene.subject.place](canvas, scene, light, generator)
    if scene.subject.time == "mist":
        paint_fog(canvas, scene, light)
    _paint_birds(canvas, scene, light, generator)
    _paint_object(canvas, scene, light)
    return _expose(canvas.developed(), scene)


def _paint_object(canvas: Canvas, scene: Scene, light: Light) -> None:
    subject = scene.subject
    size = scene.size * HEIGHT_OF_OBJECT.get(subject.object, 1.0)
    tones = mix_tones(subject.colour, light)
    flies = subject.object in FLYING
    brush = Brush(canvas, (scene.x, scene.y + size / 2 if flies else scene.y), size, scene.facing)
    if subject.place in ("lake", "sea"):
        water = lit(light, (50, 120, 150), 0.1)
        if not flies:
            OBJECT_PAINTERS[subject.object](brush.reflected(water, 0.62), tones)
    elif not flies:
        _paint_shadow(brush, light)
    OBJECT_PAINTERS[subject.object](brush, tones)


def _paint_shadow(brush: Brush, light: Light) -> None:
    """A soft dark pool under what stands on the ground."""
    canvas = brush.canvas
    rows, columns = round((canvas.bottom - canvas.top) * 96), round((canvas.right - canvas.left) * 96)
    y = np.linspace(canvas.top, canvas.bottom, rows)[:, None] - brush.origin[1]
    x = np.linspace(canvas.left, canvas.right, columns)[None, :] - brush.origin[0]
    pool = np.exp(-((x / (0.55 * brush.size)) ** 2) - (y / 0.022) ** 2) * 0.5
    canvas.veil(pool.astype(np.float32), mix(light.haze, (10, 12, 30), 0.9))


def _paint_birds(canvas: Canvas, scene: Scene, light: Light, generator: np.random.Generator) -> None:
    """Sometimes a few gulls far off."""
    for _ in range(int(generator.integers(0, 4))):
        x, y = float(generator.uniform(0.05, 0.95)), float(generator.uniform(0.05, scene.horizon - 0.2))
        wing = float(generator.uniform(0.01, 0.02))
        shape = [(x - wing, y - wing * 0.5), (x - wing * 0.4, y - wing * 0.6), (x, y), (x + wing * 0.4, y - wing * 0.6)]
        canvas.line([*shape, (x + wing, y - wing * 0.5)], 0.0028, lit(light, (60, 62, 76), 0.3))


def _expose(picture: NDArray[np.float32], scene: Scene) -> NDArray[np.uint8]:
    """Exposure, white balance, vignette and grain."""
    height, width, _ = picture.shape
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    vignette = 1 - 0.07 * (x * x + y * y)
    balance = np.array([1 + scene.warmth, 1, 1 - scene.warmth], dtype=np.float32) * scene.exposure
    noise = np.random.default_rng(scene.seed).standard_normal((height, width, 1), dtype=np.float32) * scene.grain
    return np.clip(picture * vignette[..., None] * balance + noise, 0, 255).round().astype(np.uint8)
