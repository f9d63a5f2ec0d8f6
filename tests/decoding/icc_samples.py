"""ICC profiles made on the spot, from primaries and a gamma or from a table of inks, and the arithmetic behind them."""

import itertools
import struct

import numpy as np

D50, D65 = (0.34567, 0.35850), (0.3127, 0.3290)
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), D65)
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), D65)
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), D65)
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), D50)

Primaries = tuple[tuple[float, float], ...]

_BRADFORD = np.array(((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)))
_LAB_EPSILON, _LAB_KAPPA = 216 / 24389, 24389 / 27


def rgb_profile(primaries: Primaries, gamma: float) -> bytes:
    """Return a display profile of three primaries, a white and one power curve."""
    columns = matrix_to_d50(primaries).T
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def ink_profile(colours: np.ndarray) -> bytes:
    """Return a printer profile in which the 16 full overprints of C, M, Y, K have these (16, 3) sRGB colours."""
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).flat)
    table += bytes(range(256)) * 4 + _lab_bytes(colours) + bytes(range(256)) * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def overprints() -> list[tuple[int, ...]]:
    """Return the 16 combinations of full and absent inks in the order of `ink_profile`."""
    return list(itertools.product((0, 255), repeat=4))


def levels_in(rgb: np.ndarray, primaries: Primaries, gamma: float) -> np.ndarray:
    """Return the 8-bit levels that show (..., 3) 8-bit sRGB colours under a profile of `rgb_profile`."""
    light = srgb_light(rgb) @ (np.linalg.inv(matrix_to_d50(primaries)) @ matrix_to_d50(SRGB)).T
    return (255 * np.clip(light, 0, 1) ** (1 / gamma)).round().astype(np.uint8)


def srgb_light(rgb: np.ndarray) -> np.ndarray:
    level = np.asarray(rgb) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def matrix_to_d50(primaries: Primaries) -> np.ndarray:
    """Return the (3, 3) matrix from linear light to CIE XYZ under D50, ICC's white."""
    colours, white = np.array([_xyz_of(each) for each in primaries[:3]]).T, _xyz_of(primaries[3])
    scale = (_BRADFORD @ _xyz_of(D50)) / (_BRADFORD @ white)
    return np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD @ (colours * np.linalg.solve(colours, white))


def _xyz_of(chromaticity: tuple[float, float]) -> np.ndarray:
    x, y = chromaticity
    return np.array((x / y, 1.0, (1 - x - y) / y))


def _lab_bytes(rgb: np.ndarray) -> bytes:
    share = (srgb_light(rgb) @ matrix_to_d50(SRGB).T) / _xyz_of(D50)
    x, y, z = np.where(share > _LAB_EPSILON, np.cbrt(share), (_LAB_KAPPA * share + 16) / 116).T
    lab = np.stack([(116 * y - 16) * 2.55, 500 * (x - y) + 128, 200 * (y - z) + 128], axis=-1)
    return np.clip(lab.round(), 0, 255).astype(np.uint8).tobytes()


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65536 * value) for value in values))


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    words = b"desc" + bytes(4) + struct.pack(">I", 5) + b"Test\0" + bytes(78)
    tags = {b"desc": words, b"cprt": b"text" + bytes(4) + b"\0", b"wtpt": _xyz(_xyz_of(D50)), **tags}
    entries, content = b"", b""
    for name, value in tags.items():
        entries += name + struct.pack(">II", 128 + 4 + 12 * len(tags) + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    illuminant = struct.pack(">3i", *(round(65536 * value) for value in (0.9642, 1.0, 0.8249)))
    rest = struct.pack(">I", len(tags)) + entries + content
    head = struct.pack(">I4xI4s4s4s12x4s", 128 + len(rest), 0x02400000, kind, space, connection, b"acsp")
    return (head + bytes(28) + illuminant).ljust(128, b"\0") + rest
