"""How a person who knows the libraries opens a photo: Pillow, with a plugin for HEIC and rawpy for RAW.

For ways that take pictures and no files. Nothing of the platform is used here.
"""

from pathlib import Path

import pillow_heif
import rawpy
from PIL import Image, ImageOps


def opened(path: Path) -> Image.Image:
    """The photo as an upright RGB picture; RAW at half its size, with the camera's white balance."""
    if path.suffix.lower() == ".dng":
        with rawpy.imread(str(path)) as raw:
            return Image.fromarray(raw.postprocess(use_camera_wb=True, half_size=True))
    pillow_heif.register_heif_opener()
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")
