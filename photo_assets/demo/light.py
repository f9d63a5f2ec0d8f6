"""How each time of day colours the world: sky, ambient light, haze; and the paints of the nameable colours.

Colours are (red, green, blue) tuples of floats, 0 to 255, in sRGB. No drawing here.
"""

from dataclasses import dataclass

Colour = tuple[float, float, float]

PAINTS: dict[str, Colour] = {
    "red": (222, 34, 38),
    "yellow": (252, 208, 28),
    "green": (16, 148, 84),
    "blue": (28, 88, 226),
    "purple": (160, 50, 186),
    "white": (250, 249, 246),
}


@dataclass(frozen=True)
class Light:
    """The light of one time of day."""

    sky: tuple[Colour, ...]  # from the zenith down to the horizon, evenly spaced
    ambient: Colour  # factors on what a colour is by daylight
    subject_ambient: Colour  # the same for the object, milder: its colour must stay nameable
    haze: Colour
    haze_strength: float  # share of haze in the farthest layer
    disc: Colour  # sun or moon
    disc_radius: float
    disc_height: float  # above the horizon
    glow: float  # strength of the halo around the disc, 0 to 1
    cloud: Colour
    cloud_opacity: float


LIGHTS: dict[str, Light] = {
    "day": Light(
        sky=((44, 118, 212), (96, 168, 234), (196, 228, 246)),
        ambient=(1.0, 1.0, 1.0),
        subject_ambient=(1.0, 1.0, 1.0),
        haze=(196, 222, 242),
        haze_strength=0.35,
        disc=(255, 250, 214),
        disc_radius=0.05,
        disc_height=0.44,
        glow=0.45,
        cloud=(255, 255, 255),
        cloud_opacity=0.95,
    ),
    "sunset": Light(
        sky=((72, 58, 128), (196, 84, 112), (250, 138, 72), (255, 204, 112)),
        ambient=(0.94, 0.68, 0.62),
        subject_ambient=(1.0, 0.88, 0.82),
        haze=(248, 150, 92),
        haze_strength=0.5,
        disc=(255, 240, 178),
        disc_radius=0.075,
        disc_height=0.1,
        glow=0.75,
        cloud=(150, 74, 118),
        cloud_opacity=0.7,
    ),
    "night": Light(
        sky=((6, 9, 34), (14, 24, 66), (38, 58, 112)),
        ambient=(0.24, 0.3, 0.48),
        subject_ambient=(0.78, 0.8, 0.9),
        haze=(34, 50, 100),
        haze_strength=0.4,
        disc=(246, 244, 226),
        disc_radius=0.055,
        disc_height=0.42,
        glow=0.3,
        cloud=(58, 72, 120),
        cloud_opacity=0.5,
    ),
    "mist": Light(
        sky=((168, 184, 196), (196, 206, 210), (226, 222, 212)),
        ambient=(0.8, 0.84, 0.86),
        subject_ambient=(0.94, 0.95, 0.96),
        haze=(214, 217, 215),
        haze_strength=0.88,
        disc=(250, 244, 226),
        disc_radius=0.05,
        disc_height=0.26,
        glow=0.35,
        cloud=(224, 226, 226),
        cloud_opacity=0.5,
    ),
}


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """`share` of the second colour in the first."""
    r, g, b = (a + (c - a) * share for a, c in zip(first, second, strict=True))
    return r, g, b


def times(colour: Colour, factors: Colour) -> Colour:
    """The colour under light of these factors."""
    r, g, b = (min(255.0, a * f) for a, f in zip(colour, factors, strict=True))
    return r, g, b


def lit(light: Light, colour: Colour, distance: float) -> Colour:
    """A daylight colour of the landscape as this light shows it; distance 0 is at our feet, 1 on the skyline."""
    return mix(times(colour, light.ambient), light.haze, light.haze_strength * distance)
