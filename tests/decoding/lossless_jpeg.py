"""Writing lossless JPEG (process 14, the compression of most cameras' DNGs), which no library at hand writes."""

import struct

import numpy as np

_PREDICT_FROM_THE_LEFT = 1
_WRAP = 1 << 16  # differences are counted modulo this
_CODE_BITS = 5  # one code length for all 17 classes of differences: simple, and as valid as any


def lossless_jpeg(samples: np.ndarray, bits: int) -> bytes:
    """Return an (H, W) array of unsigned integers below 2**bits as one lossless JPEG of one component."""
    differences = _differences(samples.astype(np.int64), bits)
    return _header(*samples.shape, bits) + _entropy_coded(differences.ravel()) + b"\xff\xd9"


def _differences(samples: np.ndarray, bits: int) -> np.ndarray:
    """Subtract from each sample its left neighbour, in the first column the upper one, at the start half the range."""
    predicted = np.empty_like(samples)
    predicted[:, 1:] = samples[:, :-1]
    predicted[1:, 0] = samples[:-1, 0]
    predicted[0, 0] = 1 << (bits - 1)
    return (samples - predicted + _WRAP // 2) % _WRAP - _WRAP // 2


def _entropy_coded(differences: np.ndarray) -> bytes:
    """Write the class of each difference (its length in bits), then its bits; ones' complement where it is negative."""
    lengths = np.frexp(np.abs(differences))[1].astype(np.int64)
    values = np.where(differences < 0, differences + (1 << lengths) - 1, differences)
    words, ends = (lengths << lengths) | values, np.cumsum(_CODE_BITS + lengths)
    bits = np.ones(-(-ends[-1] // 8) * 8, np.uint8)
    for place in range(_CODE_BITS + int(lengths.max())):  # from the last bit of every word to the first of the longest
        reaches = lengths + _CODE_BITS > place
        bits[ends[reaches] - 1 - place] = (words[reaches] >> place) & 1
    return np.packbits(bits).tobytes().replace(b"\xff", b"\xff\0")


def _header(height_px: int, width_px: int, bits: int) -> bytes:
    counts = bytes(17 if length == _CODE_BITS else 0 for length in range(1, 17))
    frame = struct.pack(">BHHB3B", bits, height_px, width_px, 1, 1, 0x11, 0)
    scan = bytes((1, 1, 0, _PREDICT_FROM_THE_LEFT, 0, 0))
    segments = ((0xC3, frame), (0xC4, b"\0" + counts + bytes(range(17))), (0xDA, scan))
    return b"\xff\xd8" + b"".join(bytes((0xFF, name)) + struct.pack(">H", len(x) + 2) + x for name, x in segments)
