"""HEIC: the primary picture, turned once, in every depth, whatever else lies in the file."""

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from resources.decoding.formats import Format, sniff

from .samples import UPRIGHT_QUARTERS, encode, exif, quarters, stored

CORNERS = ((0.1, 0.1), (0.9, 0.1), (0.1, 0.9), (0.9, 0.9))


def assert_upright(image: Image.Image, tolerance: int = 10) -> None:
    found = [image.getpixel((int(x * image.width), int(y * image.height))) for x, y in CORNERS]
    assert np.abs(np.subtract(found, UPRIGHT_QUARTERS)).max() <= tolerance, found


def heic(*images: Image.Image, primary: int = 0, **options: object) -> bytes:
    file = pillow_heif.HeifFile()
    for image in images:
        file.add_from_pillow(image)
    buffer = io.BytesIO()
    file.save(buffer, quality=95, primary_index=primary, **options)
    return buffer.getvalue()


def box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


@pytest.mark.parametrize("primary", [0, 1, 2])
def test_the_primary_picture_is_shown_and_not_the_first(decode_bytes, show, primary):
    images = [Image.new("RGB", (300, 200), (99, 99, 99)) for _ in range(3)]
    images[primary] = quarters(480, 320)
    result = decode_bytes(heic(*images, primary=primary), "a.heic")
    assert_upright(show(result))
    assert (result.width_px, result.height_px) == (480, 320)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_rotation_and_mirroring_in_the_container_are_applied_once(decode_bytes, show, orientation):
    pillow_heif.register_heif_opener()
    tags = exif(orientation).tobytes()
    content = encode(stored(quarters(480, 320), orientation), "HEIF", exif=tags, quality=95)
    assert (b"irot" in content or b"imir" in content) == (orientation != 1)
    assert_upright(show(decode_bytes(content, "a.heic")))


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("alpha", [False, True])
def test_every_depth_keeps_its_colours_and_stands_on_white(decode_bytes, show, bits, alpha):
    samples = np.asarray(quarters(480, 320)).astype(np.uint32) * ((1 << bits) - 1) // 255
    if alpha:
        opacity = np.full((320, 480, 1), (1 << bits) - 1)
        opacity[140:180] = 0
        samples = np.concatenate([samples, opacity], axis=2)
    mode = ("RGBA" if alpha else "RGB") + ("" if bits == 8 else f";{bits}")
    file = pillow_heif.from_bytes(mode, (480, 320), samples.astype(np.uint8 if bits == 8 else np.uint16).tobytes())
    buffer = io.BytesIO()
    file.save(buffer, quality=95, save_to_12bit=bits == 12)
    assert pillow_heif.open_heif(buffer.getvalue()).info["bit_depth"] == bits
    preview = show(decode_bytes(buffer.getvalue(), "a.heic"))
    assert_upright(preview)
    assert (min(preview.getpixel((240, 160))) >= 250) == alpha


def test_a_motion_photo_is_its_still_picture(decode_bytes, show):
    video = box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", bytes(300)) + box(b"mdat", bytes(5000))
    still = heic(quarters(480, 320))
    for content in (still + box(b"mpvd", video), still + box(b"mpvd", video)[:-9], still + video, still + video[:-9]):
        result = decode_bytes(content, "a.heic")
        assert result.format == "heic"
        assert_upright(show(result))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.dng", "a.JPEG"])
def test_a_file_that_lies_about_its_extension_is_decoded_by_its_bytes(decode_bytes, show, name):
    result = decode_bytes(heic(quarters(480, 320)), name)
    assert result.format == "heic"
    assert_upright(show(result))
    assert decode_bytes(encode(quarters(480, 320), "JPEG"), "a.heic").format == "jpeg"


@pytest.mark.parametrize(
    ("brands", "photo_format"),
    [
        (b"heic\0\0\0\0mif1heic", Format.HEIC),
        (b"mif2\0\0\0\0mif2heic", Format.HEIC),
        (b"miaf\0\0\0\0mif1miafheix", Format.HEIC),
        (b"1pic\0\0\0\0mif11picheic", Format.HEIC),
        (b"mp42\0\0\0\0isommp42", None),
        (b"avif\0\0\0\0mif1avif", None),
        (b"avif\0\0\0\0mif1avifheic", None),
        (b"qt  \0\0\0\0qt  ", None),
    ],
)
def test_a_heic_may_name_another_brand_first_but_must_name_hevc(brands, photo_format):
    assert sniff(box(b"ftyp", brands)) is photo_format
