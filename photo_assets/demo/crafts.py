"""The objects that move: boat, balloon, car, kite. Each stands in its own frame at (0, 0), one unit high.

What stands still is in buildings.
"""

import numpy as np

from photo_assets.demo.canvas import Brush
from photo_assets.demo.light import mix
from photo_assets.demo.tones import BLACK, LAMP, PAPER, Tones


def draw_boat(brush: Brush, tones: Tones) -> None:
    """A sailing boat with a mainsail and a jib."""
    brush.line([(0, 0.1), (0, 1.0)], 0.018, tones.wood)
    brush.polygon([(0.02, 0.2), (0.02, 0.97), (0.14, 0.6), (0.42, 0.2)], tones.base)
    brush.polygon([(0.02, 0.2), (0.02, 0.97), (0.1, 0.6), (0.16, 0.2)], tones.bright)
    brush.polygon([(-0.03, 0.22), (-0.03, 0.88), (-0.3, 0.22)], tones.shade)
    brush.polygon([(-0.46, 0.15), (0.5, 0.15), (0.36, -0.02), (-0.3, -0.02)], tones.deep)
    brush.polygon([(-0.46, 0.15), (0.5, 0.15), (0.47, 0.11), (-0.43, 0.11)], tones.bright)


def draw_balloon(brush: Brush, tones: Tones) -> None:
    """A hot-air balloon in gores, its basket below."""
    gores = ((1.0, tones.deep), (0.82, tones.shade), (0.6, tones.base), (0.3, tones.bright))
    for width, tone in gores:
        offset = -0.06 * (1 - width)
        angles = np.linspace(-0.22 * np.pi, 1.22 * np.pi, 40)
        outline = [(offset + 0.36 * width * float(np.cos(a)), 0.64 + 0.36 * float(np.sin(a))) for a in angles]
        brush.polygon([*outline, (-0.07 * width, 0.2), (0.07 * width, 0.2)], tone)
    for x in (-0.06, 0.06):
        brush.line([(x, 0.2), (x * 0.8, 0.1)], 0.01, tones.wood)
    brush.polygon([(-0.065, 0.11), (0.065, 0.11), (0.05, 0.0), (-0.05, 0.0)], tones.wood)


def draw_car(brush: Brush, tones: Tones) -> None:
    """A small saloon car from the side."""
    brush.polygon([(-0.52, 0.5), (-0.34, 0.9), (0.22, 0.9), (0.48, 0.5)], tones.shade)
    brush.polygon([(-0.42, 0.52), (-0.29, 0.82), (-0.06, 0.82), (-0.06, 0.52)], tones.pane)
    brush.polygon([(0.0, 0.52), (0.0, 0.82), (0.18, 0.82), (0.38, 0.52)], tones.pane)
    body = [(-0.9, 0.18), (-0.88, 0.5), (-0.5, 0.56), (0.46, 0.56), (0.84, 0.46), (0.92, 0.18)]
    brush.polygon(body, tones.base)
    brush.polygon([(-0.88, 0.46), (-0.5, 0.56), (0.46, 0.56), (0.84, 0.46)], tones.bright)
    brush.polygon([(-0.9, 0.26), (0.91, 0.26), (0.92, 0.16), (-0.9, 0.16)], tones.deep)
    brush.ellipse((0.85, 0.38), 0.05, 0.05, LAMP)
    for x in (-0.52, 0.54):
        brush.ellipse((x, 0.18), 0.19, 0.19, mix(tones.slate, BLACK, 0.5))
        brush.ellipse((x, 0.18), 0.09, 0.09, mix(tones.slate, PAPER, 0.5))


def draw_kite(brush: Brush, tones: Tones) -> None:
    """A diamond kite with a tail of bows."""
    tail = [(-0.05, 0.22), (0.03, 0.1), (-0.06, 0.0), (0.02, -0.12), (-0.04, -0.24)]
    brush.line(tail, 0.016, tones.deep)
    for x, y in tail[1:]:
        brush.polygon(
            [(x - 0.07, y + 0.04), (x + 0.07, y - 0.04), (x + 0.07, y + 0.04), (x - 0.07, y - 0.04)], tones.base
        )
    brush.polygon([(-0.05, 0.2), (-0.4, 0.68), (0.04, 1.0)], tones.base)
    brush.polygon([(-0.05, 0.2), (0.4, 0.66), (0.04, 1.0)], tones.shade)
    brush.polygon([(-0.4, 0.68), (0.04, 1.0), (0.02, 0.67)], tones.bright)
    brush.line([(-0.05, 0.2), (0.04, 1.0)], 0.012, tones.deep)
    brush.line([(-0.4, 0.68), (0.4, 0.66)], 0.012, tones.deep)
