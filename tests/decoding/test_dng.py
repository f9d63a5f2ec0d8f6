"""RAW: the cheapest rendering that shows something, always from memory, never a black frame."""

from functools import partial

import numpy as np
import pytest
from PIL import Image

from resources.decoding.limits import DecodingLimits
from resources.decoding.raw_policy import RawPolicy

from .dng_samples import cropped, dng, floating, jpeg_xl, linear, lossy, monochrome, mosaic
from .samples import UPRIGHT_QUARTERS, encode, quarters, stored

BLACK = Image.new("RGB", (1800, 1200))
CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))


def with_white(image: Image.Image) -> Image.Image:
    """Return the picture with a white bar: LibRaw brightens until one pixel in a hundred is white, which then is."""
    image.paste((255, 255, 255), (0, int(0.45 * image.height), image.width, int(0.55 * image.height)))
    return image


def corner_colours(image: Image.Image) -> np.ndarray:
    return np.array([image.getpixel((int(x * image.width), int(y * image.height))) for x, y in CORNERS])


def assert_upright(image: Image.Image) -> None:
    """Tell the corners by their strongest channel: LibRaw brightens as it sees fit."""
    at = [(0.1, 0.1), (0.9, 0.1), (0.1, 0.9)]
    corners = [image.getpixel((int(x * image.width), int(y * image.height))) for x, y in at]
    assert [pixel.index(max(pixel)) for pixel in corners] == [0, 1, 2], corners


def test_without_a_preview_half_the_raw_size_is_enough(decode_bytes, show):
    result = decode_bytes(dng(quarters(1800, 1200)), "a.dng")
    assert_upright(show(result))
    assert result.decoder.endswith(" half_size")
    assert (result.format, result.width_px, result.height_px) == ("dng", 1800, 1200)
    assert (result.preview_width_px, result.preview_height_px) == (768, 512)


def test_a_small_raw_is_demosaiced_in_full(decode_bytes, show):
    result = decode_bytes(dng(quarters(900, 600)), "a.dng")
    assert_upright(show(result))
    assert result.decoder.endswith(" full")


def test_a_large_embedded_preview_saves_the_demosaic(decode_bytes, show):
    preview = encode(quarters(1740, 1160), "JPEG")
    result = decode_bytes(dng(BLACK, preview_jpeg=preview), "a.dng")
    assert_upright(show(result))
    assert result.decoder.endswith(" embedded preview")
    assert (result.width_px, result.height_px) == (1800, 1200)


@pytest.mark.parametrize(
    "record",
    [
        *(partial(mosaic, bits=bits) for bits in (8, 10, 12, 14, 16)),
        *(partial(mosaic, bits=bits, compression="lossless jpeg") for bits in (12, 14, 16)),
        *(partial(linear, bits=bits) for bits in (8, 10, 12, 16)),
        *(partial(floating, bits=bits) for bits in (16, 32)),
    ],
    ids=lambda record: f"{record.func.__name__} {' '.join(map(str, record.keywords.values()))}",
)
def test_raw_data_of_every_depth_and_compression_has_the_colours_that_were_before_the_camera(
    decode_bytes, show, record
):
    image = with_white(quarters(480, 320))
    found = corner_colours(show(decode_bytes(dng(image, raw=record(image)), "a.dng")))
    tolerance = 8 if record.keywords["bits"] == 8 else 4
    assert np.abs(found - UPRIGHT_QUARTERS).max() <= tolerance, found


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_a_sensor_without_colour_filters_gives_grey(decode_bytes, show, bits):
    image = with_white(quarters(1800, 1200))
    result = decode_bytes(dng(image, raw=monochrome(image, bits)), "a.dng")
    assert result.decoder.endswith(" full"), "there is no mosaic to take the half of"
    expected = corner_colours(image.convert("L").convert("RGB"))
    assert np.abs(corner_colours(show(result)) - expected).max() <= 8


def test_a_lossy_dng_is_decoded_in_full(decode_bytes, show):
    image = quarters(1800, 1200)
    result = decode_bytes(dng(image, raw=lossy(image)), "a.dng")
    assert_upright(show(result))
    assert result.decoder.endswith(" full")


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_crop_that_the_camera_meant_is_what_is_shown(decode_bytes, show, orientation):
    framed = Image.new("RGB", (1800, 1200), (255, 255, 255))
    framed.paste(quarters(1640, 1100), (120, 60))
    raw = cropped(mosaic(framed), active=(20, 40, 1190, 1790), origin=(80, 40), size=(1640, 1100))
    result = decode_bytes(dng(framed, orientation, raw=raw), "a.dng")
    upright = (1640, 1100) if orientation == 1 else (1100, 1640)
    assert (result.width_px, result.height_px) == upright
    edges = np.asarray(show(result))[[2, 2, -3, -3], [2, -3, 2, -3]].astype(int)
    assert (edges.min(axis=1) < 200).all(), "no white of the frame"


@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
def test_raw_data_is_turned_upright_once(decode_bytes, show, orientation):
    result = decode_bytes(dng(stored(quarters(1800, 1200), orientation), orientation), "a.dng")
    assert_upright(show(result))
    assert (result.width_px, result.height_px) == (1800, 1200)


@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
def test_an_embedded_preview_is_turned_upright_once(decode_bytes, show, orientation):
    preview = encode(stored(quarters(1800, 1200), orientation), "JPEG")
    result = decode_bytes(dng(stored(quarters(1800, 1200), orientation), orientation, preview), "a.dng")
    assert result.decoder.endswith(" embedded preview")
    assert_upright(show(result))
    assert (result.width_px, result.height_px) == (1800, 1200)


def test_a_preview_that_is_already_upright_is_not_turned_again(decode_bytes, show):
    content = dng(stored(quarters(1800, 1200), 6), 6, encode(quarters(1800, 1200), "JPEG"))
    assert_upright(show(decode_bytes(content, "a.dng")))


@pytest.mark.parametrize(
    "preview", [quarters(600, 400), quarters(1800, 1020), BLACK], ids=["small", "other shape", "black"]
)
def test_a_useless_preview_gives_way_to_the_raw_data(decode_bytes, show, preview):
    result = decode_bytes(dng(quarters(1800, 1200), preview_jpeg=encode(preview, "JPEG")), "a.dng")
    assert result.decoder.endswith(" half_size")
    assert_upright(show(result))


def test_a_damaged_preview_gives_way_to_the_raw_data(decode_bytes, show):
    preview = encode(quarters(1800, 1200), "JPEG")
    damaged = preview[: len(preview) // 2] + bytes(len(preview) - len(preview) // 2)
    content = dng(quarters(1800, 1200), preview_jpeg=damaged)
    assert damaged in content
    result = decode_bytes(content, "a.dng")
    assert result.decoder.endswith(" half_size")
    assert_upright(show(result))


@pytest.mark.parametrize(
    ("policy", "preview_px", "rendering"),
    [
        (RawPolicy.AUTO, (1800, 1200), "embedded preview"),
        (RawPolicy.AUTO, (1200, 800), "half_size"),
        (RawPolicy.AUTO, None, "half_size"),
        (RawPolicy.PREVIEW, (1536, 1024), "embedded preview"),
        (RawPolicy.PREVIEW, (1533, 1022), "half_size"),
        (RawPolicy.HALF, (1800, 1200), "half_size"),
        (RawPolicy.FULL, (1800, 1200), "full"),
    ],
)
def test_the_policy_says_which_rendering_is_tried_first_and_the_row_which_one_served(
    decode_bytes, show, policy, preview_px, rendering
):
    preview = encode(quarters(*preview_px), "JPEG") if preview_px else None
    result = decode_bytes(dng(quarters(1800, 1200), 1, preview), "a.dng", DecodingLimits(raw_policy=policy))
    assert result.decoder.endswith(f" {rendering}")
    assert_upright(show(result))


def test_half_of_a_small_raw_is_too_little_for_the_policy_half(decode_bytes):
    result = decode_bytes(dng(quarters(900, 600)), "a.dng", DecodingLimits(raw_policy=RawPolicy.HALF))
    assert result.decoder.endswith(" full")


def test_jpeg_xl_inside_a_dng_is_unsupported_and_not_corrupt(decode_bytes):
    image = quarters(900, 600)
    for preview_px in (None, (300, 200)):
        preview = encode(quarters(*preview_px), "JPEG") if preview_px else None
        result = decode_bytes(dng(image, 1, preview, jpeg_xl(image)), "a.dng")
        assert result.error_kind == "unsupported"
        assert "RAW data in JPEG XL" in result.error_message
        assert result.error_message.endswith("Convert it to JPEG, PNG, HEIC or DNG.")


@pytest.mark.parametrize(("policy", "status"), [(RawPolicy.AUTO, "ok"), (RawPolicy.PREVIEW, "failed")])
def test_a_small_preview_serves_at_last_where_the_raw_data_cannot_be_read(decode_bytes, show, policy, status):
    preview = encode(quarters(900, 600), "JPEG")
    content = dng(BLACK, 1, preview, jpeg_xl(BLACK))
    result = decode_bytes(content, "a.dng", DecodingLimits(raw_policy=policy))
    assert result.status == status
    if status == "ok":
        assert result.decoder.endswith(" embedded preview")
        assert (result.width_px, result.height_px) == (1800, 1200)
        assert_upright(show(result))


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255)])
def test_a_frame_of_one_colour_is_an_error(decode_bytes, store, colour):
    result = decode_bytes(dng(Image.new("RGB", (1800, 1200), colour)), "a.dng")
    assert (result.status, result.error_kind) == ("failed", "black_frame")
    assert not store.has(result.photo_id)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_off_dng_is_corrupt_even_if_its_preview_is_whole(decode_bytes, share):
    content = dng(quarters(1800, 1200), preview_jpeg=encode(quarters(1800, 1200), "JPEG"))
    result = decode_bytes(content[: int(len(content) * share)], "a.dng")
    assert result.error_kind == "corrupt"


def test_the_pixel_limit_holds_for_raw_data(decode_bytes):
    result = decode_bytes(dng(quarters(1800, 1200)), "a.dng", DecodingLimits(max_pixels=1_000_000))
    assert result.error_kind == "too_large"


def test_the_tags_of_a_dng_are_read_without_its_pixels(decode_bytes):
    tags_json = decode_bytes(dng(stored(quarters(1800, 1200), 6), 6), "a.dng").tags_json
    assert '"Make": "Testmaker"' in tags_json
    assert '"Orientation": 6' in tags_json
