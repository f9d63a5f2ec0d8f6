"""From bytes to a preview: upright, in sRGB, whole, or refused."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from resources.decoding.limits import DecodingLimits

from .samples import UPRIGHT_QUARTERS, encode, exif, photograph, png_chunk, png_header_claiming, quarters, stored

CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))


def corner_colours(image: Image.Image) -> list[tuple[int, ...]]:
    return [image.getpixel((int(x * image.width), int(y * image.height))) for x, y in CORNERS]


def assert_upright(image: Image.Image, tolerance: int = 10) -> None:
    found = np.array(corner_colours(image), dtype=int)
    assert np.abs(found - np.array(UPRIGHT_QUARTERS)).max() <= tolerance, found


@pytest.mark.parametrize("orientation", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_every_orientation_comes_out_upright_exactly_once(decode_bytes, show, orientation):
    image = stored(quarters(), orientation)
    result = decode_bytes(encode(image, "JPEG", exif=exif(orientation)))
    assert_upright(show(result))
    assert (result.width_px, result.height_px) == (900, 600)
    assert (result.preview_width_px, result.preview_height_px) == show(result).size == (768, 512)
    assert not show(result).getexif()


def test_an_oriented_png_is_turned_too(decode_bytes, show):
    result = decode_bytes(encode(stored(quarters(), 6), "PNG", exif=exif(6)), "a.png")
    assert_upright(show(result))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_heic_is_turned_by_its_decoder_only_and_keeps_the_cameras_orientation(decode_bytes, show, orientation):
    import pillow_heif

    pillow_heif.register_heif_opener()
    tags = exif(orientation, make="Testmaker").tobytes()  # as an object it would be stored without a rotation
    content = encode(stored(quarters(), orientation), "HEIF", exif=tags, quality=95)
    result = decode_bytes(content, "a.heic")
    assert_upright(show(result))
    assert (result.width_px, result.height_px) == (900, 600)
    assert f'"Orientation": {orientation}' in result.tags_json
    assert "Testmaker" in result.tags_json


def test_a_heic_named_jpg_is_decoded_as_a_heic(decode_bytes):
    import pillow_heif

    pillow_heif.register_heif_opener()
    result = decode_bytes(encode(quarters(), "HEIF"), "renamed.jpg")
    assert (result.status, result.format) == ("ok", "heic")
    assert result.decoder.startswith("pillow-heif ")


@pytest.mark.parametrize(
    ("size", "preview"), [((300, 200), (300, 200)), ((4000, 3000), (683, 512)), ((512, 512), (512, 512))]
)
def test_previews_have_their_short_side_and_are_never_enlarged(decode_bytes, show, size, preview):
    result = decode_bytes(encode(quarters(*size), "JPEG"))
    assert show(result).size == preview
    assert (result.width_px, result.height_px) == size


def test_a_picture_one_pixel_high_has_a_preview(decode_bytes, show):
    result = decode_bytes(encode(Image.new("L", (70_000, 1)), "PNG"), "line.png")
    assert show(result).size == (4096, 1)


def test_the_thumbnail_lies_beside_the_preview(decode_bytes, store):
    result = decode_bytes(encode(quarters(), "JPEG"))
    with Image.open(store.thumbnail_path(result.photo_id)) as thumbnail:
        assert thumbnail.size == (256, 171)


def test_sixteen_bit_grey_is_scaled_and_not_cut(decode_bytes, show):
    ramp = np.linspace(0, 65535, 600, dtype=np.uint16)
    image = Image.fromarray(np.broadcast_to(ramp, (400, 600)).copy())
    row = np.asarray(show(decode_bytes(encode(image, "PNG"), "a.png")))[200, :, 0].astype(int)
    assert np.abs(row - ramp / 257).max() <= 3


@pytest.mark.parametrize("mode", ["P", "1", "L", "LA", "RGBA", "CMYK"])
def test_every_kind_of_pixel_becomes_rgb(decode_bytes, show, mode):
    file_format = "JPEG" if mode == "CMYK" else "PNG"
    preview = show(decode_bytes(encode(quarters().convert(mode), file_format)))
    assert preview.mode == "RGB"
    if mode in ("P", "RGBA", "CMYK"):
        assert_upright(preview, tolerance=40)


def test_white_stands_behind_transparent_pixels(decode_bytes, show):
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 450, 300))
    colours = corner_colours(show(decode_bytes(encode(image, "PNG"))))
    assert min(colours[0]) >= 250
    assert np.abs(np.array(colours[1]) - UPRIGHT_QUARTERS[1]).max() <= 10


def test_a_transparent_palette_colour_is_white(decode_bytes, show):
    image = Image.new("P", (600, 400), 0)
    image.putpalette([10, 200, 10, 200, 10, 10])
    image.paste(1, (300, 0, 600, 400))
    colours = corner_colours(show(decode_bytes(encode(image, "PNG", transparency=0))))
    assert min(colours[0]) >= 250
    assert colours[1][0] > 180


def test_an_embedded_profile_is_converted_to_srgb(decode_bytes, show):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    swapped = _profile_with_red_and_blue_swapped()
    converted = show(decode_bytes(encode(quarters(), "JPEG", icc_profile=swapped)))
    assert corner_colours(converted)[0][2] > corner_colours(converted)[0][0], "red was noted as blue"
    for useless in (b"no profile", lab.tobytes()):
        assert_upright(show(decode_bytes(encode(quarters(), "JPEG", icc_profile=useless))))


def _profile_with_red_and_blue_swapped() -> bytes:
    """Return sRGB's profile with the names of two primaries exchanged in its table of tags."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"tXYZ", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"tXYZ", b"bXYZ", 1)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "HEIF"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.99])
def test_a_cut_off_photo_is_corrupt_and_not_half_a_picture(decode_bytes, store, file_format, share):
    import pillow_heif

    pillow_heif.register_heif_opener()
    content = encode(photograph(), file_format)
    result = decode_bytes(content[: int(len(content) * share)])
    assert (result.status, result.error_kind) == ("failed", "corrupt")
    assert not store.has(result.photo_id)


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n\0\0\0", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"]
)
def test_a_mere_header_is_corrupt(decode_bytes, content):
    result = decode_bytes(content)
    assert result.error_kind == "corrupt"
    assert "0x" not in result.error_message, "no memory address: the same photo gives the same message"


def test_a_web_page_named_jpg_is_unsupported(decode_bytes):
    result = decode_bytes(b"<!doctype html><title>404</title>")
    assert result.error_kind == "unsupported"
    assert "HTML" in result.error_message


def test_a_pixel_bomb_is_refused_before_it_is_decoded(decode_bytes):
    result = decode_bytes(png_header_claiming(60_000, 60_000), "bomb.png")
    assert result.error_kind == "too_large"
    assert result.decode_ms < 1000


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "HEIF"])
def test_the_pixel_limit_holds_for_every_format_and_names_its_setting(decode_bytes, file_format):
    import pillow_heif

    pillow_heif.register_heif_opener()
    result = decode_bytes(encode(quarters(), file_format), limits=DecodingLimits(max_pixels=500_000))
    assert result.error_kind == "too_large"
    assert result.error_message.endswith("DecodingLimits.max_pixels.")


def test_a_png_stuffed_with_text_is_refused(decode_bytes):
    content = encode(quarters(300, 200), "PNG")
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20_000_000)))
    header_end = 8 + 25
    result = decode_bytes(content[:header_end] + bomb + content[header_end:], "a.png")
    assert result.error_kind == "too_large"
    assert "max_text_bytes" in result.error_message


def test_a_multi_picture_jpeg_is_decoded_as_its_first_picture(decode_bytes, show):
    buffer = io.BytesIO()
    quarters().save(buffer, format="MPO", save_all=True, append_images=[Image.new("RGB", (900, 600))])
    result = decode_bytes(buffer.getvalue())
    assert result.format == "jpeg"
    assert_upright(show(result))


def test_a_full_disk_is_not_the_photos_fault(decode_bytes, store):
    store.preview_path("abcd").parents[2].parent.write_bytes(b"a file where the store's folder should be")
    result = decode_bytes(encode(quarters(), "JPEG"))
    assert result.error_kind == "unwritable"
