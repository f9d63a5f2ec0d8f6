"""The ways to take a photo's file to 8-bit RGB pixels with a short side of 512: ours and the alternatives.

Every way opens the file by its path and ends with pixels (ours of the whole worker with the stored preview), on one
thread: the platform is parallel over photos. The alternatives are written as their documentation suggests, and are
given the size wanted, the same rendering parameters and no check that ours makes.
"""

import hashlib
import io
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import rawpy
from numpy.typing import NDArray
from PIL import Image

from resources.decoding.formats import sniff
from resources.decoding.limits import DecodingLimits
from resources.decoding.pictures import preview_size
from resources.decoding.previews import PreviewStore
from resources.decoding.renditions import preview_image
from resources.decoding.requests import DecodeRequest
from resources.decoding.steps import decode
from resources.decoding.worker import decode_photo, set_up_worker

Pixels = NDArray[np.uint8] | Image.Image | Path  # a path is that of a JPEG
Way = Callable[[Path], Pixels]

OURS_WHOLE, OURS = "ours: the whole worker", "ours: decode and resize"
LIMITS = DecodingLimits()
_SRGB_CURVE = (2.4, 12.92)
_PHOTO_ID = "abcd"


def set_up() -> None:
    """Bring this process to what a worker is; one thread in every library."""
    set_up_worker(LIMITS)
    os.environ["VIPS_CONCURRENCY"] = "1"


def target_size(width_px: int, height_px: int) -> tuple[int, int]:
    """Return the (width, height) of the result."""
    return preview_size(width_px, height_px, LIMITS)


def ours_whole(path: Path) -> Path:
    """Do all that a worker does: check the hash, decode, read tags, make and store preview and thumbnail."""
    request, store = _request(path), PreviewStore(Path(_scratch().name))
    result = decode_photo(request, store, LIMITS)
    if result.status != "ok":
        raise SystemExit(f"{path}: {result.error_message}")
    return store.preview_path(_PHOTO_ID)


def ours(path: Path) -> Image.Image:
    """Decode and resize like a worker, without what the alternatives do not do."""
    data = path.read_bytes()
    photo_format = sniff(data)
    assert photo_format
    return preview_image(decode(data, photo_format, LIMITS), LIMITS)


def pillow_plain(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize(target_size(*image.size))


def pillow_draft(path: Path) -> Image.Image:
    with Image.open(path) as image:
        size = target_size(*image.size)
        image.draft("RGB", size)
        return image.resize(size)


def pyvips_thumbnail(path: Path) -> NDArray[np.uint8]:
    import pyvips

    header = pyvips.Image.new_from_file(str(path))
    width, height = target_size(header.width, header.height)
    return pyvips.Image.thumbnail(str(path), width, height=height, size="force").numpy()


def simplejpeg_scaled(path: Path) -> Image.Image:
    import simplejpeg

    data = path.read_bytes()
    height_px, width_px, *_ = simplejpeg.decode_jpeg_header(data)
    width, height = target_size(width_px, height_px)
    pixels = simplejpeg.decode_jpeg(data, min_width=width, min_height=height)
    return Image.fromarray(pixels).resize((width, height))


def opencv_reduced(path: Path) -> NDArray[np.uint8]:
    import cv2

    flags = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}
    with Image.open(path) as header:  # OpenCV does not say the size before it decodes
        width, height = target_size(*header.size)
        fitting = [flag for scale, flag in flags.items() if header.height // scale >= height]
    return _opencv(path, fitting[0] if fitting else cv2.IMREAD_COLOR, (width, height))


def opencv_full(path: Path) -> NDArray[np.uint8]:
    import cv2

    with Image.open(path) as header:
        return _opencv(path, cv2.IMREAD_COLOR, target_size(*header.size))


def rawpy_full(path: Path) -> Image.Image:
    image = demosaic(path, half_size=False)
    return image.resize(target_size(*image.size))


def rawpy_half(path: Path) -> Image.Image:
    image = demosaic(path, half_size=True)
    return image.resize(target_size(*image.size))


def rawpy_preview(path: Path) -> Image.Image:
    with rawpy.imread(str(path)) as raw:
        preview = raw.extract_thumb().data
    assert isinstance(preview, bytes)
    with Image.open(io.BytesIO(preview)) as image:
        return image.resize(target_size(*image.size))


def demosaic(file: Path | io.BytesIO, half_size: bool) -> Image.Image:
    """Render RAW data by LibRaw as our decoder does, upright."""
    with rawpy.imread(str(file) if isinstance(file, Path) else file) as raw:
        return Image.fromarray(raw.postprocess(use_camera_wb=True, half_size=half_size, gamma=_SRGB_CURVE))


WAYS: dict[str, dict[str, Way]] = {
    "jpeg": {
        OURS_WHOLE: ours_whole,
        OURS: ours,
        "Pillow, full decode": pillow_plain,
        "Pillow, draft": pillow_draft,
        "pyvips thumbnail": pyvips_thumbnail,
        "simplejpeg, scaled": simplejpeg_scaled,
        "OpenCV, reduced": opencv_reduced,
    },
    "png": {
        OURS_WHOLE: ours_whole,
        OURS: ours,
        "Pillow, full decode": pillow_plain,
        "pyvips thumbnail": pyvips_thumbnail,
        "OpenCV, full decode": opencv_full,
    },
    "heic": {OURS_WHOLE: ours_whole, OURS: ours, "Pillow, full decode": pillow_plain},
    "dng": {
        OURS_WHOLE: ours_whole,
        OURS: ours,
        "rawpy, full demosaic": rawpy_full,
        "rawpy, half size": rawpy_half,
    },
    "dng with preview": {
        OURS_WHOLE: ours_whole,
        OURS: ours,
        "rawpy, full demosaic": rawpy_full,
        "rawpy, embedded preview": rawpy_preview,
    },
}


def _opencv(path: Path, flag: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    import cv2

    cv2.setNumThreads(1)
    pixels = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flag)
    assert pixels is not None
    resized = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(resized, cv2.COLOR_BGR2RGB), np.uint8)


@cache
def _request(path: Path) -> DecodeRequest:
    return DecodeRequest(_PHOTO_ID, os.fsencode(path), hashlib.sha256(path.read_bytes()).hexdigest())


@cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()
