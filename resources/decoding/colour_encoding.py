"""What the numbers of a picture without an ICC profile mean, and bringing them to sRGB.

What belongs here: primaries and transfer curves by their numbers in ITU-T H.273, as HEIC (nclx) and PNG (cICP) state
them, PNG's gamma, and the tone mapping of high dynamic range. What does not: ICC profiles (colour.py), reading files.
Light is a float32 in which 1.0 is a sheet of white paper; HDR's lamps and suns go beyond it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

PAPER_WHITE_NITS = 203.0  # ITU-R BT.2408: what a white page has on an HDR display
_PQ_PEAK_NITS, _HLG_PEAK_NITS, _HLG_SYSTEM_GAMMA = 10_000.0, 1_000.0, 1.2
_KNEE = 0.5  # below, HDR is shown as it is; above, room is made for what is brighter than paper
_PEAK_PERCENTILE = 99.9  # single glints need no room

# CIE xy of red, green, blue and white.
_D65 = (0.3127, 0.3290)
SRGB_PRIMARIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_PRIMARIES = {
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    12: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, *_D65),
}
_PQ, _HLG = 16, 18
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}  # television's other curves are shown as sRGB's by everyone, and here

Curve = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class ColourEncoding:
    """How levels (0 to 1) become light, and which colours the three channels are."""

    to_light: Curve
    primaries: tuple[float, ...]
    is_hdr: bool = False


def encoding_of_codes(primaries: int, transfer: int) -> ColourEncoding | None:
    """Return what two numbers of H.273 stand for; None for sRGB and for what is unknown, which is shown as sRGB."""
    gamma = _GAMMAS.get(transfer)
    curve = {_PQ: _pq_light, _HLG: _hlg_light}.get(transfer) or (_power(gamma) if gamma else _srgb_light)
    if curve is _srgb_light and primaries not in _PRIMARIES:
        return None
    return ColourEncoding(curve, _PRIMARIES.get(primaries, SRGB_PRIMARIES), transfer in (_PQ, _HLG))


def encoding_of_gamma(exponent: float, primaries: Sequence[float] = SRGB_PRIMARIES) -> ColourEncoding:
    """Return the encoding in which light is level ** `exponent`; `primaries` are CIE xy of red, green, blue, white."""
    return ColourEncoding(_power(exponent), tuple(primaries))


def encoded_as_srgb(image: Image.Image, encoding: ColourEncoding) -> Image.Image:
    """Return an RGB picture with its levels translated."""
    levels = np.linspace(0.0, 1.0, 256, dtype=np.float32)
    light = encoding.to_light(levels).astype(np.float32)[np.asarray(image)]
    if encoding.is_hdr:
        light = _tone_mapped(light)
    shown = np.clip(light @ _to_srgb_primaries(encoding.primaries).T, 0.0, 1.0)
    return Image.fromarray(_srgb_levels()[(shown * (len(_srgb_levels()) - 1)).astype(np.uint16)])


def _tone_mapped(light: np.ndarray) -> np.ndarray:
    """Bend (H, W, 3) light so that its highlights end at 1.0; the ratios of the channels, and so the hues, stay."""
    brightest = np.maximum(light.max(axis=2, keepdims=True), 1e-6)
    peak = max(1.0, float(np.percentile(brightest, _PEAK_PERCENTILE)))
    above, room = (brightest - _KNEE) / (1.0 - _KNEE), (peak - _KNEE) / (1.0 - _KNEE)
    bent = _KNEE + (1.0 - _KNEE) * above * (1.0 + above / room**2) / (1.0 + above)
    return light * np.where(above > 0.0, bent / brightest, 1.0)


def _to_srgb_primaries(primaries: tuple[float, ...]) -> np.ndarray:
    """Return the (3, 3) matrix from linear light in these primaries to sRGB's; white stays white."""
    matrix = np.linalg.inv(_to_xyz(SRGB_PRIMARIES)) @ _to_xyz(primaries)
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)


def _to_xyz(primaries: tuple[float, ...]) -> np.ndarray:
    x, y = np.reshape(primaries, (4, 2)).T
    red_green_blue_white = np.array([x / y, np.ones(4), (1.0 - x - y) / y])
    colours, white = red_green_blue_white[:, :3], red_green_blue_white[:, 3]
    return colours * np.linalg.solve(colours, white)


def _power(exponent: float) -> Curve:
    return lambda levels: levels**exponent


def _srgb_light(levels: np.ndarray) -> np.ndarray:
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def _srgb_levels() -> np.ndarray:
    """Return the 8-bit level of each of 16,384 steps of light from 0 to 1."""
    light = np.linspace(0.0, 1.0, 1 << 14)
    levels = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (255.0 * levels).round().astype(np.uint8)


def _pq_light(levels: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084: levels are spaced as the eye tells them apart, up to 10,000 nits."""
    root = levels.astype(np.float64) ** (1 / 78.84375)
    light = np.maximum(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)
    return light ** (1 / 0.1593017578125) * _PQ_PEAK_NITS / PAPER_WHITE_NITS


def _hlg_light(levels: np.ndarray) -> np.ndarray:
    """ARIB STD-B67 on a display of 1,000 nits; its system gamma is taken per channel, which keeps greys exact."""
    scene = np.where(levels <= 0.5, levels**2 / 3.0, (np.exp((levels - 0.55991073) / 0.17883277) + 0.28466892) / 12.0)
    return scene**_HLG_SYSTEM_GAMMA * _HLG_PEAK_NITS / PAPER_WHITE_NITS
