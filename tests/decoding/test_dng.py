"""RAW: the cheapest rendering that shows something, always from memory, never a black frame."""

import pytest
from PIL import Image

from resources.decoding.limits import DecodingLimits

from .dng_samples import dng
from .samples import encode, quarters, stored

BLACK = Image.new("RGB", (1800, 1200))


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


@pytest.mark.parametrize("orientation", [3, 6, 8])
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
    result = decode_bytes(dng(quarters(1800, 1200)).replace(preview, damaged), "a.dng")
    assert_upright(show(result))


def test_a_black_frame_is_an_error(decode_bytes, store):
    result = decode_bytes(dng(BLACK), "a.dng")
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
