"""The objects that stand: cottage, tent, umbrella, windmill, lighthouse, each in its own frame: at (0, 0), one high.

What moves is in crafts.
"""

import numpy as np

from photo_assets.demo.canvas import Brush
from photo_assets.demo.light import mix
from photo_assets.demo.tones import LAMP, PAPER, Tones


def draw_cottage(brush: Brush, tones: Tones) -> None:
    """A cottage with a steep slate roof, a chimney, a door and two windows."""
    brush.polygon([(0.2, 0.6), (0.32, 0.6), (0.32, 0.98), (0.2, 0.98)], tones.wood)
    brush.polygon([(-0.5, 0), (0.5, 0), (0.5, 0.54), (-0.5, 0.54)], tones.base)
    brush.polygon([(0.22, 0), (0.5, 0), (0.5, 0.54), (0.22, 0.54)], tones.shade)
    brush.polygon([(-0.6, 0.5), (0.6, 0.5), (0.38, 0.9), (-0.38, 0.9)], tones.slate)
    brush.polygon([(-0.08, 0), (0.1, 0), (0.1, 0.34), (-0.08, 0.34)], tones.wood)
    for x in (-0.38, 0.24):
        brush.polygon([(x - 0.02, 0.16), (x + 0.18, 0.16), (x + 0.18, 0.4), (x - 0.02, 0.4)], tones.bright)
        brush.polygon([(x, 0.18), (x + 0.16, 0.18), (x + 0.16, 0.38), (x, 0.38)], tones.pane)


def draw_tent(brush: Brush, tones: Tones) -> None:
    """A ridge tent with its door open."""
    brush.polygon([(-0.62, 0), (0.08, 0), (-0.22, 0.92)], tones.bright)
    brush.polygon([(0.08, 0), (0.86, 0.1), (0.56, 0.86), (-0.22, 0.92)], tones.base)
    brush.polygon([(0.08, 0), (0.86, 0.1), (0.8, 0.26), (0.03, 0.2)], tones.shade)
    brush.polygon([(-0.42, 0), (-0.1, 0), (-0.22, 0.66)], LAMP if tones.pane == LAMP else tones.slate)
    brush.polygon([(-0.3, 0), (-0.1, 0), (-0.22, 0.66)], tones.deep)
    brush.line([(-0.22, 0.92), (-0.78, 0.0)], 0.012, tones.wood)
    brush.line([(0.56, 0.86), (1.0, 0.06)], 0.012, tones.wood)


def draw_umbrella(brush: Brush, tones: Tones) -> None:
    """A parasol, wide open, in panels."""
    brush.line([(0.0, 0.0), (0.0, 0.9)], 0.03, tones.wood)
    for rim, tone in (
        (0.6, tones.deep),
        (0.37, tones.shade),
        (0.12, tones.base),
        (-0.14, tones.bright),
        (-0.4, tones.base),
    ):
        angles = np.linspace(0, np.pi / 2, 13)
        rib = [(rim * float(np.cos(a)), 0.5 + 0.44 * float(np.sin(a))) for a in angles]
        left = [(-0.6 * float(np.cos(a)), 0.5 + 0.44 * float(np.sin(a))) for a in angles]
        hem = [(x, 0.5 + 0.035 * float(np.sin((x + 0.6) * np.pi / 0.24)) ** 2) for x in np.linspace(-0.6, rim, 21)]
        brush.polygon([*hem, *rib, *reversed(left)], tone)
    brush.ellipse((0, 0.96), 0.025, 0.04, tones.wood)


def draw_windmill(brush: Brush, tones: Tones) -> None:
    """A tower mill with four sails."""
    brush.polygon([(-0.24, 0), (0.24, 0), (0.14, 0.66), (-0.14, 0.66)], tones.base)
    brush.polygon([(0.06, 0), (0.24, 0), (0.14, 0.66), (0.04, 0.66)], tones.shade)
    brush.polygon([(-0.17, 0.65), (0.17, 0.65), (0.1, 0.78), (-0.1, 0.78)], tones.slate)
    brush.polygon([(-0.07, 0), (0.05, 0), (0.05, 0.17), (-0.07, 0.17)], tones.wood)
    brush.polygon([(-0.05, 0.36), (0.03, 0.36), (0.03, 0.46), (-0.05, 0.46)], tones.pane)
    for angle in np.arange(0.5, 6.5, np.pi / 2):
        along, across = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        hub = np.array([0.0, 0.69])
        corners = (
            hub + along * 0.1,
            hub + along * 0.42,
            hub + along * 0.42 + across * 0.1,
            hub + along * 0.1 + across * 0.1,
        )
        brush.polygon([(float(x), float(y)) for x, y in corners], mix(tones.wood, PAPER, 0.45))
        brush.line([(0, 0.69), (float(corners[1][0]), float(corners[1][1]))], 0.022, tones.wood)


def draw_lighthouse(brush: Brush, tones: Tones) -> None:
    """A banded tower with a lantern, on a rock."""
    rock = mix(tones.slate, (140, 130, 120), 0.35)
    brush.polygon([(-0.34, -0.03), (-0.25, 0.07), (-0.06, 0.12), (0.16, 0.1), (0.3, 0.04), (0.38, -0.03)], rock)
    for step in range(5):
        low, high = 0.1 + step * 0.13, 0.1 + (step + 1) * 0.13
        half_low, half_high = 0.17 - low * 0.09, 0.17 - high * 0.09
        tone, shade = (tones.base, tones.shade) if step % 2 == 0 else (tones.bright, tones.base)
        brush.polygon([(-half_low, low), (half_low, low), (half_high, high), (-half_high, high)], tone)
        brush.polygon([(0.3 * half_low, low), (half_low, low), (half_high, high), (0.3 * half_high, high)], shade)
    brush.polygon([(-0.14, 0.75), (0.14, 0.75), (0.14, 0.78), (-0.14, 0.78)], tones.slate)
    brush.polygon([(-0.08, 0.78), (0.08, 0.78), (0.08, 0.9), (-0.08, 0.9)], LAMP)
    brush.polygon([(-0.11, 0.89), (0.11, 0.89), (0, 1.0)], tones.slate)
