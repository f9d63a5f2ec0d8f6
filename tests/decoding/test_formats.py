"""The bytes decide, not the name."""

import pytest

from resources.decoding.formats import Format, describe_other, is_photo_name, sniff

from .dng_samples import dng
from .samples import encode, quarters


@pytest.mark.parametrize(
    "name", [b"a.jpg", b"A.JPEG", b"b.HEIC", b"c.hif", b"d.DNG", b"\xff\xfe.png", b"two.dots.heif"]
)
def test_photo_names_are_recognised_in_either_case_and_in_any_encoding(name):
    assert is_photo_name(name)


@pytest.mark.parametrize("name", [b"a.txt", b"jpg", b".jpg", b"a.jpg.part", b"a.webp", b"._IMG_1.jpg", b""])
def test_other_names_are_not_photos(name):
    assert not is_photo_name(name)


def test_each_format_is_known_by_its_bytes():
    import pillow_heif

    pillow_heif.register_heif_opener()
    image = quarters(64, 48)
    assert sniff(encode(image, "JPEG")) is Format.JPEG
    assert sniff(encode(image, "PNG")) is Format.PNG
    assert sniff(encode(image, "HEIF")) is Format.HEIC
    assert sniff(dng(image)) is Format.DNG


@pytest.mark.parametrize("file_format", ["TIFF", "WEBP", "GIF", "BMP"])
def test_other_picture_formats_are_named_but_not_decoded(file_format):
    content = encode(quarters(64, 48), file_format)
    assert sniff(content) is None
    assert describe_other(content) != "unknown content"


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", b"\0\0\0\x18ftyp", b"\0" * 64],
)
def test_scraps_of_headers_are_no_format(content):
    assert sniff(content) is None


def test_an_avif_that_calls_itself_a_generic_image_is_not_a_heic():
    assert sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf") is None
    assert sniff(b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf") is Format.HEIC
