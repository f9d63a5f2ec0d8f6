"""High dynamic range and wide primaries come out as the sRGB picture that a person would have taken."""

import io

import numpy as np
import pytest
from PIL import Image

from resources.decoding.colour_encoding import PAPER_WHITE_NITS, encoded_as_srgb, encoding_of_codes

from .samples import UPRIGHT_QUARTERS, encode, png_chunk, quarters

BT2020, PQ, HLG = 9, 16, 18
# From linear sRGB to linear BT.2020 (ITU-R BT.2087).
TO_BT2020 = np.array(((0.6274, 0.3293, 0.0433), (0.0691, 0.9195, 0.0114), (0.0164, 0.0880, 0.8956)))


def light_of(image: Image.Image) -> np.ndarray:
    level = np.asarray(image) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) @ TO_BT2020.T


def as_pq(light: np.ndarray) -> np.ndarray:
    power = (light * PAPER_WHITE_NITS / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def as_hlg(light: np.ndarray) -> np.ndarray:
    scene = np.clip(light * PAPER_WHITE_NITS / 1000, 0, 1) ** (1 / 1.2)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def levels(shares: np.ndarray) -> Image.Image:
    return Image.fromarray((255 * shares).round().astype(np.uint8))


@pytest.mark.parametrize(("transfer", "encoded"), [(PQ, as_pq), (HLG, as_hlg)])
def test_what_is_no_brighter_than_paper_looks_as_in_sdr(transfer, encoded):
    flat = levels(encoded(light_of(quarters(90, 60))))
    shown = encoded_as_srgb(flat, encoding_of_codes(BT2020, transfer))
    found = [shown.getpixel(at) for at in ((10, 10), (80, 10), (10, 50), (80, 50))]
    assert np.abs(np.subtract(found, UPRIGHT_QUARTERS)).max() <= 12
    assert np.ptp(found[3]) <= 1, "grey has no cast"


@pytest.mark.parametrize(("transfer", "encoded"), [(PQ, as_pq), (HLG, as_hlg)])
def test_lights_brighter_than_paper_keep_their_order_and_leave_paper_light(transfer, encoded):
    light = np.repeat(np.array([0.18, 0.5, 1.0, 2.0, 4.0]), 20)
    row = np.broadcast_to(light[None, :, None], (10, 100, 3))
    shown = np.asarray(encoded_as_srgb(levels(encoded(row)), encoding_of_codes(BT2020, transfer)))[5, 10::20, 0]
    assert (np.diff(shown.astype(int)) > 5).all(), shown
    assert abs(int(shown[0]) - 118) <= 6, "middle grey stays middle grey"
    assert shown[2] >= 210
    assert shown[-1] >= 250


def test_encodings_that_are_srgb_or_unknown_change_nothing():
    for primaries, transfer in ((1, 13), (1, 1), (1, 6), (2, 2), (255, 255), (0, 0)):
        assert encoding_of_codes(primaries, transfer) is None


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize(("transfer", "encoded"), [(PQ, as_pq), (HLG, as_hlg)])
def test_an_hdr_heic_is_no_grey_picture(decode_bytes, show, transfer, encoded, bits):
    import pillow_heif

    shares = encoded(light_of(quarters(360, 240)))
    kind = "RGB" if bits == 8 else f"RGB;{bits}"
    samples = (shares * ((1 << bits) - 1)).round().astype(np.uint8 if bits == 8 else np.uint16)
    file = pillow_heif.from_bytes(kind, (360, 240), samples.tobytes())
    content = encode_heif(file, transfer)
    preview = show(decode_bytes(content, "a.heic"))
    found = [preview.getpixel(at) for at in ((30, 20), (330, 20), (30, 220), (330, 220))]
    assert np.abs(np.subtract(found, UPRIGHT_QUARTERS)).max() <= 20, found


def encode_heif(file, transfer: int) -> bytes:
    buffer = io.BytesIO()
    file.save(
        buffer,
        quality=95,
        chroma=444,
        color_primaries=BT2020,
        transfer_characteristics=transfer,
        matrix_coefficients=9,
        full_range_flag=1,
    )
    return buffer.getvalue()


def test_an_hdr_png_is_no_grey_picture(decode_bytes, show):
    content = encode(levels(as_pq(light_of(quarters(360, 240)))), "PNG")
    header_end = 8 + 25
    content = content[:header_end] + png_chunk(b"cICP", bytes((BT2020, PQ, 0, 1))) + content[header_end:]
    preview = show(decode_bytes(content, "a.png"))
    found = [preview.getpixel(at) for at in ((30, 20), (330, 20), (30, 220), (330, 220))]
    assert np.abs(np.subtract(found, UPRIGHT_QUARTERS)).max() <= 12, found
