"""The tones of one object: its one nameable colour in light and shade, and the neutral paints of its other parts.

Wheels, trunks and ropes are neutral so that the colour stays nameable. The shapes are in crafts and buildings.
"""

from dataclasses import dataclass

from photo_assets.demo.light import PAINTS, Colour, Light, mix, times

BLACK: Colour = (0.0, 0.0, 0.0)
PAPER: Colour = (255.0, 255.0, 255.0)
WOOD: Colour = (120, 84, 56)
SLATE: Colour = (62, 66, 78)
LAMP: Colour = (255, 224, 138)


@dataclass(frozen=True)
class Tones:
    """The paints of one object under one light."""

    bright: Colour
    base: Colour
    shade: Colour
    deep: Colour
    wood: Colour
    slate: Colour
    pane: Colour  # windows: lamplight after dark


def mix_tones(colour: str, light: Light) -> Tones:
    """The tones of a named colour under this light."""
    base = times(PAINTS[colour], light.subject_ambient)
    dark = light.ambient[0] < 0.5
    return Tones(
        bright=mix(base, times(PAPER, light.subject_ambient), 0.22),
        base=base,
        shade=mix(base, BLACK, 0.16),
        deep=mix(base, BLACK, 0.34),
        wood=times(WOOD, light.subject_ambient),
        slate=times(SLATE, light.subject_ambient),
        pane=LAMP if dark else times((150, 186, 206), light.subject_ambient),
    )
