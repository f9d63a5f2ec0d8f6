"""The photos that decoding is measured on: generated ones, the same every time, and real ones where they are at hand.

What belongs here: making the files, and the exact result that every way of decoding is compared with: the full decode,
reduced by Lanczos in one go. What does not: the ways (decode_ways.py).
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

from benchmarks.decode_ways import demosaic, target_size
from photo_assets.demo.painting import paint
from photo_assets.demo.scenes import sample_scene
from tests.decoding.dng_samples import RawData, dng, mosaic

REAL_PHOTOS = Path(__file__).parents[2] / "shared" / "photos"
_REAL = {
    "jpeg, 24 MP, progressive": ("jpeg", "immich-test-assets/albums/text/craft-beer.jpg"),
    "jpeg, 12 MP, progressive": ("jpeg", "immich-test-assets/albums/text/book-beside-flowers.jpg"),
    "heic, 12 MP, motion photo": ("heic", "immich-test-assets/formats/motionphoto/samsung-one-ui-6.heic"),
    "dng, 2 MP": ("dng", "tinydng/colorchart.dng"),
}
CAMERA_PX, _PHONE_PX = (6000, 4000), (4032, 3024)
_SEED = 8
CAMERA_BITS = 14


@dataclass(frozen=True)
class Photo:
    """One file, the ways that apply to it, and where the exact (H, W, 3) uint8 result lies as an .npy file."""

    title: str
    ways: str
    path: Path
    exact: Path


def generate(folder: Path) -> list[Photo]:
    """Write the generated photos and their exact results into a folder; a minute on a slow core."""
    camera, phone = photograph(*CAMERA_PX), photograph(*_PHONE_PX)
    raw = mosaic(camera, CAMERA_BITS, "lossless jpeg")
    contents: dict[str, tuple[str, Callable[[], bytes]]] = {
        "jpeg, 24 MP": ("jpeg", lambda: _encoded(camera, "JPEG", quality=92)),
        "jpeg, 12 MP, progressive": ("jpeg", lambda: _encoded(phone, "JPEG", quality=92, progressive=True)),
        "png, 24 MP": ("png", lambda: _encoded(camera, "PNG")),
        "heic, 12 MP": ("heic", lambda: _heic(phone)),
        "dng, 24 MP, uncompressed": ("dng", lambda: dng(camera)),
        "dng, 24 MP, compressed": ("dng", lambda: dng(camera, raw=raw)),
        "dng, 24 MP, with preview": ("dng with preview", lambda: dng_with_preview(camera, raw)),
    }
    return [_photo(folder, title, ways, content()) for title, (ways, content) in contents.items()]


def real(folder: Path) -> list[Photo]:
    """Return the real photos that are at hand, their exact results written into a folder."""
    present = {title: (ways, REAL_PHOTOS / name) for title, (ways, name) in _REAL.items() if REAL_PHOTOS.is_dir()}
    return [_with_exact(folder, f"real {title}", ways, path) for title, (ways, path) in present.items()]


def photograph(width_px: int, height_px: int) -> Image.Image:
    """Return an RGB picture with a photograph's edges, its detail at every size down to a pixel, and its noise."""
    random = np.random.default_rng(_SEED)
    scene = replace(sample_scene(random), portrait=False)
    painted = Image.fromarray(paint(scene, width_px // 4 * 3 // 4))
    light = np.asarray(painted.resize((width_px, width_px * 3 // 4)), np.float32)[:height_px].copy()
    for step in (1, 2, 4, 8, 16, 32, 64):
        grid = random.standard_normal((height_px // step + 1, width_px // step + 1), np.float32)
        light += 4 * step**0.2 * np.asarray(Image.fromarray(grid).resize((width_px, height_px)))[:, :, None]
    light += 1.5 * random.standard_normal(light.shape, np.float32)
    return Image.fromarray(light.clip(0, 255).astype(np.uint8))


def _photo(folder: Path, title: str, ways: str, content: bytes) -> Photo:
    path = folder / f"{title}.{ways.partition(' ')[0]}"
    path.write_bytes(content)
    return _with_exact(folder, title, ways, path)


def _with_exact(folder: Path, title: str, ways: str, path: Path) -> Photo:
    exact = folder / f"{title}.npy"
    np.save(exact, _exact(path, ways))
    return Photo(title, ways, path, exact)


def _exact(path: Path, ways: str) -> NDArray[np.uint8]:
    pillow_heif.register_heif_opener()
    image = demosaic(path, half_size=False) if ways.startswith("dng") else Image.open(path).convert("RGB")
    return np.asarray(image.resize(target_size(*image.size), Image.Resampling.LANCZOS))


def dng_with_preview(image: Image.Image, raw: RawData) -> bytes:
    """Return a DNG with what a camera puts into it: its own rendering as a JPEG of full size."""
    rendered = demosaic(io.BytesIO(dng(image, raw=raw)), half_size=False)
    return dng(image, preview_jpeg=_encoded(rendered, "JPEG", quality=92), raw=raw)


def _heic(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=60)
    return buffer.getvalue()


def _encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()
