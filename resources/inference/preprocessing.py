"""A picture becomes a model's input: resized and cropped on the CPU, as uint8; it is normalised on the device.

Our own code rather than the library's image processors, whose implementation, and with it the result, depends on which
other packages are installed. The numbers come from the checkpoint's own preprocessor_config.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

# A picture whose long side would be more than so many times its crop's is not made whole.
_HAIRLINE = 16


@dataclass(frozen=True)
class Preprocessing:
    """How one checkpoint wants its images; `mean` and `std` are per RGB channel, on the 0..1 scale."""

    size: tuple[int, int] | int
    """(height, width) to squash to, or the length of the shortest edge."""
    crop: tuple[int, int] | None
    """(height, width) of the centre crop after the resize, None for no crop."""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    resample: Image.Resampling = Image.Resampling.BICUBIC

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Preprocessing:
        """Read a preprocessor_config.json in any of the spellings that checkpoints use."""
        crop = config.get("crop_size", 224) if config.get("do_center_crop") else None
        return cls(
            size=_edges(config.get("size", 224)),
            crop=_pair(crop) if crop is not None else None,
            mean=tuple(config["image_mean"]),
            std=tuple(config["image_std"]),
            resample=Image.Resampling(config.get("resample", Image.Resampling.BICUBIC)),
        )

    @property
    def label(self) -> str:
        """Names the procedure in provenance."""
        size = f"shortest{self.size}" if isinstance(self.size, int) else "x".join(map(str, self.size))
        crop = f"-crop{self.crop[0]}x{self.crop[1]}" if self.crop else ""
        return f"pil-{self.resample.name.lower()}-{size}{crop}-v1"

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the model's input."""
        if self.crop:
            return self.crop
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    def fit(self, picture: Image.Image) -> np.ndarray:
        """(3, H, W) uint8 of an RGB picture of any size."""
        size = self._target(picture.width, picture.height)
        resized = _centre(picture, size, self.crop, self.resample) if self.crop else picture.resize(size, self.resample)
        return np.ascontiguousarray(np.asarray(resized).transpose(2, 0, 1))

    def _target(self, width: int, height: int) -> tuple[int, int]:
        if not isinstance(self.size, int):
            return self.size[1], self.size[0]
        scale = self.size / min(width, height)
        # The long edge is cut, not rounded, as the reference processors do.
        return max(self.size, int(width * scale)), max(self.size, int(height * scale))


def _centre(
    picture: Image.Image, size: tuple[int, int], crop: tuple[int, int], resample: Image.Resampling
) -> Image.Image:
    """What a centre crop of (height, width) shows of the picture at this size.

    Of a picture of one pixel's width, whose size is hundreds of megapixels, nothing is made but that; it is not done
    so for all, because Pillow then rounds otherwise than the reference processors do, in one pixel of thousands.
    """
    (height, width), (left, top) = crop, ((size[0] - crop[1]) // 2, (size[1] - crop[0]) // 2)
    if max(size) <= _HAIRLINE * max(crop):
        return picture.resize(size, resample).crop((left, top, left + width, top + height))
    x, y = picture.width / size[0], picture.height / size[1]
    right, bottom = min(picture.width, (left + width) * x), min(picture.height, (top + height) * y)
    return picture.resize((width, height), resample, (left * x, top * y, right, bottom))


def _edges(size: Any) -> tuple[int, int] | int:
    if isinstance(size, Mapping):
        return size["shortest_edge"] if "shortest_edge" in size else (size["height"], size["width"])
    return int(size)


def _pair(crop: Any) -> tuple[int, int]:
    return (crop["height"], crop["width"]) if isinstance(crop, Mapping) else (int(crop), int(crop))
