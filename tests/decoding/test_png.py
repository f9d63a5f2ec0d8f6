"""PNG in every depth and colour type, transparency in its own depth, and what a PNG says of its colours."""

import struct

import numpy as np
import pytest

from resources.decoding.colour_encoding import SRGB_PRIMARIES

from .png_samples import DEPTHS, GREY, GREY_ALPHA, PALETTE, RGB, RGBA, png
from .samples import quarters

KINDS = [(colour_type, depth) for colour_type, depths in DEPTHS.items() for depth in depths]
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
HALF_OPAQUE = 0.5
ROW, COLUMNS = 20, 64


def ramp(depth: int, colour_type: int) -> np.ndarray:
    """Return samples that rise from the left to the right, red faster than blue, half transparent where they can be."""
    top = (1 << depth) - 1
    rise = np.repeat(np.linspace(0, 1, 16), COLUMNS // 16)
    channels = [rise, rise**2, rise**3][: 3 if colour_type in (RGB, RGBA) else 1]
    if colour_type in (GREY_ALPHA, RGBA):
        channels.append(np.full(COLUMNS, HALF_OPAQUE))
    return np.broadcast_to((np.stack(channels, axis=-1) * top).round().astype(np.int64), (48, COLUMNS, len(channels)))


def expected_row(depth: int, colour_type: int) -> np.ndarray:
    """Return the (W, 3) colours of a ramp on white, 0 to 255."""
    shares = ramp(depth, colour_type)[ROW] / ((1 << depth) - 1)
    if colour_type == PALETTE:
        return np.repeat(255 * shares, 3, axis=1)
    if colour_type in (GREY_ALPHA, RGBA):
        shares = shares[:, :-1] * shares[:, -1:] + 1 - shares[:, -1:]
    return np.broadcast_to(255 * shares, (COLUMNS, 3))


def grey_palette(depth: int) -> tuple[bytes, bytes]:
    return b"PLTE", np.repeat(np.linspace(0, 255, 1 << depth).round().astype(np.uint8), 3).tobytes()


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour_type", "depth"), KINDS)
def test_every_depth_and_colour_type_keeps_its_colours(decode_bytes, show, colour_type, depth, interlaced):
    chunks = [grey_palette(depth)] if colour_type == PALETTE else []
    content = png(ramp(depth, colour_type), depth, colour_type, *chunks, interlaced=interlaced)
    found = np.asarray(show(decode_bytes(content, "a.png")))[ROW].astype(int)
    assert np.abs(found - expected_row(depth, colour_type))[2:-2].mean() < 4


@pytest.mark.parametrize(("colour_type", "depth"), [(kind, depth) for kind, depth in KINDS if kind in (GREY, RGB)])
def test_the_one_transparent_level_is_white_whatever_the_depth(decode_bytes, show, colour_type, depth):
    samples = np.zeros((48, 64, CHANNELS[colour_type]), dtype=np.int64)
    key = (1 << depth) // 3  # 1 of 4 levels, 5 of 16, 21845 of 65,536
    samples[:, 32:] = key
    transparent = struct.pack(">H", key) * CHANNELS[colour_type]
    preview = np.asarray(show(decode_bytes(png(samples, depth, colour_type, (b"tRNS", transparent)), "a.png")))
    hidden, kept = (0, 63) if depth == 1 else (63, 0)  # of two levels the lower one is a third
    assert preview[ROW, hidden].min() >= 250
    assert preview[ROW, kept].max() <= (255 if depth == 1 else 5)


def test_a_half_transparent_palette_colour_is_mixed_with_white(decode_bytes, show):
    samples = np.ones((48, 64, 1), dtype=np.int64)
    samples[:, :32] = 0
    content = png(samples, 8, PALETTE, (b"PLTE", bytes((200, 0, 0, 0, 0, 200))), (b"tRNS", bytes((128,))))
    preview = np.asarray(show(decode_bytes(content, "a.png"))).astype(int)
    assert np.abs(preview[ROW, 5] - (227, 127, 127)).max() <= 6
    assert np.abs(preview[ROW, 60] - (0, 0, 200)).max() <= 6


def flat(level: int) -> np.ndarray:
    return np.full((48, 64, 3), level)


def centre(decode_bytes, show, content: bytes) -> list[int]:
    return np.asarray(show(decode_bytes(content, "a.png")))[ROW, 32].tolist()


@pytest.mark.parametrize(
    ("gamma", "level", "shown"), [(1.0, 55, 128), (0.45455, 128, 128), (1 / 1.8, 110, 128), (0.0001, 99, 99)]
)
def test_gamma_says_how_bright_the_levels_are_unless_it_cannot_be(decode_bytes, show, gamma, level, shown):
    content = png(flat(level), 8, RGB, (b"gAMA", struct.pack(">I", round(gamma * 100_000))))
    assert np.abs(np.subtract(centre(decode_bytes, show, content), shown)).max() <= 3


def test_srgb_stands_above_gamma(decode_bytes, show):
    content = png(flat(55), 8, RGB, (b"gAMA", struct.pack(">I", 100_000)), (b"sRGB", b"\0"))
    assert np.abs(np.subtract(centre(decode_bytes, show, content), 55)).max() <= 2


def test_primaries_count_with_gamma_and_impossible_ones_do_not(decode_bytes, show):
    linear = struct.pack(">I", 100_000)
    swapped = [*SRGB_PRIMARIES[6:], *SRGB_PRIMARIES[4:6], *SRGB_PRIMARIES[2:4], *SRGB_PRIMARIES[:2]]
    for chromaticity in ([0.0] * 8, [1 / 3] * 8, swapped):
        chrm = struct.pack(">8I", *(round(each * 100_000) for each in chromaticity))
        red = np.broadcast_to((255, 0, 0), (48, 64, 3))
        found = centre(decode_bytes, show, png(red, 8, RGB, (b"gAMA", linear), (b"cHRM", chrm)))
        assert np.abs(np.subtract(found, (255, 0, 0))).max() <= 3
    wide = [0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046]
    chrm = struct.pack(">8I", *(round(each * 100_000) for each in wide))
    dull = np.broadcast_to((55, 28, 28), (48, 64, 3))
    red, green, blue = centre(decode_bytes, show, png(dull, 8, RGB, (b"gAMA", linear), (b"cHRM", chrm)))
    assert red > 140 > 100 > max(green, blue), "in wide primaries the same numbers are a stronger red"


def test_coding_independent_code_points_stand_above_all_and_grey_stays_grey(decode_bytes, show):
    display_p3 = (b"cICP", bytes((12, 13, 0, 1)))
    assert np.abs(np.subtract(centre(decode_bytes, show, png(flat(128), 8, RGB, display_p3)), 128)).max() <= 2
    content = png(np.asarray(quarters(64, 48)), 8, RGB, (b"sRGB", b"\0"), display_p3)
    red = np.asarray(show(decode_bytes(content, "a.png")))[10, 10].astype(int)
    assert red[0] > 210, "P3's red is stronger than sRGB's 200"
