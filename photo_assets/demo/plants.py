"""Trees, shrubs and flowers that furnish the places. Distractors only: nothing here is ever named in a caption."""

import numpy as np

from photo_assets.demo.canvas import Brush
from photo_assets.demo.light import Colour, mix

TRUNK: Colour = (92, 66, 48)
BLACK: Colour = (0.0, 0.0, 0.0)


def draw_fir(brush: Brush, needles: Colour, trunk: Colour, snow: Colour | None = None) -> None:
    """A fir of three tiers, snowed on if a colour for the snow is given."""
    brush.polygon([(-0.04, 0), (0.04, 0), (0.04, 0.2), (-0.04, 0.2)], trunk)
    for base, top, half in ((0.12, 0.55, 0.3), (0.36, 0.78, 0.23), (0.6, 1.0, 0.16)):
        brush.polygon([(-half, base), (half, base), (0, top)], needles)
        brush.polygon([(0, base), (half, base), (0, top)], mix(needles, BLACK, 0.18))
        if snow is not None:
            brush.polygon([(-half * 0.5, (base + top) / 2), (half * 0.45, (base + top) / 2), (0, top)], snow)


def draw_round_tree(brush: Brush, leaves: Colour, trunk: Colour) -> None:
    """A broad-leaved tree, lit from above."""
    brush.polygon([(-0.05, 0), (0.05, 0), (0.04, 0.5), (-0.04, 0.5)], trunk)
    brush.ellipse((0, 0.64), 0.34, 0.34, mix(leaves, BLACK, 0.2))
    brush.ellipse((-0.14, 0.6), 0.22, 0.22, mix(leaves, BLACK, 0.08))
    brush.ellipse((-0.04, 0.72), 0.25, 0.24, leaves)


def draw_palm(brush: Brush, leaves: Colour, trunk: Colour) -> None:
    """A leaning palm with seven fronds."""
    brush.line([(0, 0), (0.05, 0.3), (0.13, 0.6), (0.25, 0.86)], 0.05, trunk)
    for dx, dy in ((-0.4, -0.12), (-0.36, 0.08), (-0.2, 0.2), (0.06, 0.24), (0.28, 0.14), (0.38, -0.04), (0.3, -0.24)):
        bow = (0.25 + dx * 0.55, 0.86 + dy * 0.5 + 0.11)
        tip = (0.25 + dx, 0.84 + dy)
        brush.polygon([(0.25, 0.88), bow, tip, (bow[0], bow[1] - 0.07)], mix(leaves, BLACK, 0.1 * (dx > 0)))


def draw_cactus(brush: Brush, green: Colour) -> None:
    """A saguaro with two arms."""
    shade = mix(green, BLACK, 0.2)
    for points in ([(0, 0), (0, 1)], [(0, 0.36), (-0.26, 0.36), (-0.26, 0.7)], [(0, 0.5), (0.24, 0.5), (0.24, 0.86)]):
        brush.line(points, 0.14, green)
        x, y = points[-1]
        brush.ellipse((x, y), 0.07, 0.07, green)
        brush.line([(x + 0.03, y), (x + 0.03, y - 0.3)], 0.03, shade)


def draw_tuft(brush: Brush, green: Colour, generator: np.random.Generator) -> None:
    """A tuft of grass or reed."""
    for _ in range(7):
        root, lean = generator.uniform(-0.3, 0.3), generator.uniform(-0.35, 0.35)
        brush.line([(root, 0), (root + lean * 0.4, 0.6), (root + lean, generator.uniform(0.7, 1.1))], 0.05, green)
