"""Copies of a picture look alike, other pictures do not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from resources.decoding.looks import dominant_colours, perceptual_hash

from .samples import UPRIGHT_QUARTERS, encode, exif, quarters, stored


def scenery(seed: int) -> Image.Image:
    """Return a picture of large soft shapes, as photographs are at a distance."""
    few = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(few).resize((640, 480), Image.Resampling.BICUBIC)


def bits_apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def again(image: Image.Image, **options: int) -> Image.Image:
    return Image.open(io.BytesIO(encode(image, "JPEG", **options)))


@pytest.mark.parametrize("seed", range(8))
def test_smaller_compressed_and_brighter_copies_differ_in_few_bits(seed):
    image = scenery(seed)
    found = perceptual_hash(image)
    assert len(found) == 16
    copies = [image.resize((256, 192)), image.resize((1000, 750)), again(image, quality=30)]
    copies += [ImageEnhance.Brightness(image).enhance(1.1), image.convert("L")]
    assert max(bits_apart(found, perceptual_hash(copy)) for copy in copies) <= 6


def test_other_pictures_differ_in_about_half_of_the_bits():
    hashes = [perceptual_hash(scenery(seed)) for seed in range(20)]
    apart = [bits_apart(one, other) for index, one in enumerate(hashes) for other in hashes[:index]]
    assert min(apart) >= 16
    assert 28 <= np.mean(apart) <= 36


def test_a_picture_without_structure_has_no_hash_of_noise():
    assert len({perceptual_hash(Image.new("RGB", (256, 171), (level, level, 99))) for level in range(256)}) == 1


def test_dominant_colours_are_named_by_their_share():
    image = Image.new("RGB", (200, 100), (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 60, 100))
    image.paste((255, 255, 0), (60, 0, 62, 50))
    assert dominant_colours(image)[:2] == ["#ff0000", "#0000ff"]
    assert dominant_colours(Image.new("RGB", (9, 9), (1, 2, 3))) == ["#010203"]


def test_a_photo_of_many_colours_names_five_at_most():
    assert 3 <= len(dominant_colours(scenery(3))) <= 5


def test_a_row_carries_the_looks_of_the_upright_picture(decode_bytes):
    level, turned = (decode_bytes(encode(stored(scenery(1), number), "JPEG", exif=exif(number))) for number in (1, 6))
    assert bits_apart(level.perceptual_hash, turned.perceptual_hash) <= 2
    row = decode_bytes(encode(quarters(), "PNG"), "a.png")
    found = {tuple(bytes.fromhex(colour[1:])) for colour in row.dominant_colours}
    assert all(min(np.abs(np.subtract(colour, each)).max() for each in found) <= 4 for colour in UPRIGHT_QUARTERS)
