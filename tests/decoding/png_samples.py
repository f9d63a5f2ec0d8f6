"""PNG files written sample by sample: every depth, colour type and interlacing, which Pillow cannot all write."""

import struct
import zlib

import numpy as np

from .samples import png_chunk

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}

# First row, first column, then the steps, of Adam's seven passes.
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))


def png(
    samples: np.ndarray, depth: int, colour_type: int, *chunks: tuple[bytes, bytes], interlaced: bool = False
) -> bytes:
    """Return a PNG of (H, W, C) samples below 2**depth, with further chunks before the picture."""
    height, width, _ = samples.shape
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced)
    passes = [samples[row::rows, column::columns] for row, column, rows, columns in _ADAM7] if interlaced else [samples]
    content = zlib.compress(b"".join(_packed(each, depth) for each in passes if each.size))
    listed = ((b"IHDR", header), *chunks, (b"IDAT", content), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, each) for name, each in listed)


def _packed(samples: np.ndarray, depth: int) -> bytes:
    """Return rows of whole bytes, each after a filter byte of 0."""
    rows = samples.reshape(len(samples), -1)
    if depth == 16:
        return b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    digits = (rows[:, :, None] >> np.arange(depth - 1, -1, -1)) & 1
    packed = np.packbits(digits.reshape(len(rows), -1).astype(np.uint8), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)
