"""The honest files that the fuzzer damages: small, several of each format, with everything that a decoder looks at.

What belongs here: making them, always the same. What does not: damaging them (fuzz_mutations.py).
"""

import functools
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin

from resources.decoding.formats import Format, is_photo_name, sniff

from . import dng_samples
from .png_samples import png
from .samples import encode, exif, photograph, png_chunk, stored

_REAL_PHOTOS = Path(__file__).parents[3] / "shared" / "photos"
_REAL_MAX_BYTES = 64 * 1024  # larger ones cost time and show nothing that smaller ones do not
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>'

pillow_heif.register_heif_opener()  # which brings the writer too


@functools.cache
def made_seeds() -> dict[Format, list[bytes]]:
    """Return the files that are made here, by format."""
    return {Format.JPEG: _jpegs(), Format.PNG: _pngs(), Format.HEIC: _heics(), Format.DNG: _dngs()}


def all_seeds() -> dict[Format, list[bytes]]:
    """Return the files that are made here and the small ones of real cameras, where those lie beside the project."""
    seeds = {photo_format: list(files) for photo_format, files in made_seeds().items()}
    for path in sorted(_REAL_PHOTOS.rglob("*")):
        if is_photo_name(path.name.encode()) and path.is_file() and path.stat().st_size <= _REAL_MAX_BYTES:
            data = path.read_bytes()
            if photo_format := sniff(data):
                seeds[photo_format].append(data)
    return seeds


def _jpegs() -> list[bytes]:
    picture, profile = photograph(96, 64), _profile()
    return [
        encode(picture, "JPEG"),
        encode(picture, "JPEG", progressive=True, exif=exif(6, make="Testmaker", model="T-1"), xmp=_XMP),
        encode(picture, "JPEG", icc_profile=profile, comment=b"a comment", restart_marker_blocks=2),
        encode(picture.convert("L"), "JPEG", quality=30),
        encode(picture.convert("CMYK"), "JPEG", subsampling=0),
        encode(stored(picture, 8), "JPEG", exif=exif(8), subsampling=2),
        encode(picture, "MPO", save_all=True, append_images=[picture.resize((48, 32))]),
    ]


def _pngs() -> list[bytes]:
    picture = photograph(48, 32)
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", _XMP.decode(), zip=True)
    text.add_text("Comment", "a comment", zip=True)
    transparent = picture.quantize(16)
    transparent.info["transparency"] = bytes(range(0, 256, 16))
    deep = np.random.default_rng(3).integers(0, 65_536, (32, 48), dtype=np.uint16)
    return [
        encode(picture, "PNG", icc_profile=_profile(), exif=exif(3), pnginfo=text),
        encode(transparent, "PNG"),
        encode(picture.convert("LA"), "PNG"),
        encode(Image.fromarray(deep), "PNG"),
        encode(picture.convert("1"), "PNG"),
        encode(picture.convert("RGBA"), "PNG", save_all=True, append_images=[picture.convert("RGBA")]),
        png(np.asarray(picture, dtype=np.uint16) * 257, 16, 2, interlaced=True),
    ]


def _heics() -> list[bytes]:
    picture = photograph(64, 48)
    ten_bits = np.random.default_rng(4).integers(0, 65_536, (48, 64), dtype=np.uint16)
    return [
        encode(picture, "HEIF", quality=30),
        encode(stored(picture, 6), "HEIF", quality=30, exif=exif(6, make="Testmaker"), xmp=_XMP),
        encode(picture.convert("RGBA"), "HEIF", quality=30, icc_profile=_profile()),
        encode(picture, "HEIF", quality=30, save_all=True, append_images=[picture.resize((32, 32))]),
        encode(photograph(128, 128), "HEIF", quality=30, tile_size=64),
        encode(Image.fromarray(ten_bits), "HEIF", quality=30),
        encode(picture, "HEIF", quality=-1, chroma=444),
    ]


def _dngs() -> list[bytes]:
    picture = photograph(64, 48)
    large_preview = encode(photograph(1372, 1030).quantize(4).convert("RGB"), "JPEG", quality=5)
    raws: list[Callable[[Image.Image], dng_samples.RawData]] = [
        dng_samples.mosaic,
        dng_samples.linear,
        dng_samples.lossy,
        dng_samples.monochrome,
        dng_samples.floating,
        lambda image: dng_samples.mosaic(image, 12, "lossless jpeg"),
    ]
    return [
        *(dng_samples.dng(picture, orientation, raw=make(picture)) for orientation, make in enumerate(raws, 1)),
        dng_samples.dng(picture, 6, preview_jpeg=encode(picture, "JPEG")),
        dng_samples.dng(photograph(64, 48), preview_jpeg=large_preview),
    ]


def _profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def with_checksums(data: bytes) -> bytes:
    """Return a PNG whose chunks have the checksums of what they hold now, or a damaged decoder is never reached."""
    whole, source = data[:8], io.BytesIO(data[8:])
    while head := source.read(8):
        size_bytes, name = int.from_bytes(head[:4], "big"), head[4:]
        content = source.read(min(size_bytes, len(data)))
        if len(head) < 8 or len(content) < size_bytes:
            return whole + head + content
        whole += png_chunk(name, content)
        source.read(4)
    return whole
