"""Pictures and files made on the spot: four coloured quarters, so that any turn, mirror or colour error shows."""

import hashlib
import io
import struct
import uuid
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from resources.decoding.requests import DecodeRequest

RED, GREEN, BLUE, GREY = (200, 40, 40), (40, 170, 60), (40, 60, 200), (128, 128, 128)
UPRIGHT_QUARTERS = (RED, GREEN, BLUE, GREY)  # top left, top right, bottom left, bottom right

# What a camera held in that way stores: the inverse of what turns it upright.
_STORED_AS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def quarters(width_px: int = 900, height_px: int = 600) -> Image.Image:
    """Return the upright RGB picture."""
    image = Image.new("RGB", (width_px, height_px))
    for index, colour in enumerate(UPRIGHT_QUARTERS):
        x, y = (index % 2) * width_px // 2, (index // 2) * height_px // 2
        image.paste(colour, (x, y, x + width_px // 2 + 1, y + height_px // 2 + 1))
    return image


def photograph(width_px: int = 900, height_px: int = 600) -> Image.Image:
    """Return an RGB picture with so much detail that its file is long everywhere."""
    noise = np.random.default_rng(5).integers(0, 256, (height_px // 4, width_px // 4, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width_px, height_px), Image.Resampling.BICUBIC)


def stored(image: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as a camera stores it that notes this EXIF orientation."""
    return image.transpose(_STORED_AS[orientation]) if orientation in _STORED_AS else image


def exif(orientation: int | None = None, **texts: str) -> Image.Exif:
    tags = Image.Exif()
    if orientation is not None:
        tags[0x0112] = orientation
    for tag, name in ((0x010F, "make"), (0x0110, "model")):
        if name in texts:
            tags[tag] = texts[name]
    return tags


def encode(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=file_format, **options)
    return buffer.getvalue()


def png_header_claiming(width_px: int, height_px: int) -> bytes:
    """Return a PNG of a few bytes that claims any size."""
    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(64))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, content) for name, content in chunks)


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def request_for(path: Path) -> DecodeRequest:
    """Return a request that fits the file as it is now."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return DecodeRequest(str(uuid.uuid5(uuid.NAMESPACE_OID, str(path))), bytes(path), sha256)
