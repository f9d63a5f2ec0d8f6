"""A picture becomes a model's input: resized and cropped on the CPU as uint8, normalised on the device.

Our own code rather than the library's image processors, whose implementation, and with it the result, depends on which
other packages are installed. The numbers come from the checkpoint's own preprocessor_config.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image


@dataclass(frozen=True)
class Preprocessing:
    """How one checkpoint wants its images; `mean` and `std` are per RGB channel, on the 0..1 scale."""

    size: tuple[int, int] | int
    """(height, width) to squash to, or the length of the shortest edge."""
    crop: tuple[int, int] | None
    """(height, width) of the centre crop after the resize, None for no crop."""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Preprocessing:
        """Read a preprocessor_config.json in any of the spellings that checkpoints use."""
        crop = config.get("crop_size", 224) if config.get("do_center_crop") else None
        return cls(
            size=_edges(config.get("size", 224)),
            crop=_pair(crop) if crop is not None else None,
            mean=tuple(config["image_mean"]),
            std=tuple(config["image_std"]),
        )

    @property
    def label(self) -> str:
        """Names the procedure in provenance."""
        size = f"shortest{self.size}" if isinstance(self.size, int) else "x".join(map(str, self.size))
        crop = f"-crop{self.crop[0]}x{self.crop[1]}" if self.crop else ""
        return f"pil-bicubic-{size}{crop}-v1"

    def prepare(self, images: Sequence[np.ndarray]) -> torch.Tensor:
        """(N, 3, H, W) uint8 of N (H, W, 3) uint8 RGB arrays of any sizes."""
        return torch.from_numpy(np.stack([self._fit(image) for image in images])).permute(0, 3, 1, 2)

    def normalise(self, pixels: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """uint8 (N, 3, H, W) on the device to the model's number format there."""
        mean = torch.tensor(self.mean, device=pixels.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=pixels.device).view(1, 3, 1, 1)
        return ((pixels.float() / 255 - mean) / std).to(dtype)

    def _fit(self, image: np.ndarray) -> np.ndarray:
        picture = Image.fromarray(image)
        resized = picture.resize(self._target(picture.width, picture.height), Image.Resampling.BICUBIC)
        if self.crop:
            resized = _centre_crop(resized, *self.crop)
        return np.asarray(resized)

    def _target(self, width: int, height: int) -> tuple[int, int]:
        if not isinstance(self.size, int):
            return self.size[1], self.size[0]
        scale = self.size / min(width, height)
        # The long edge is cut, not rounded, as the reference processors do.
        return max(self.size, int(width * scale)), max(self.size, int(height * scale))


def _centre_crop(picture: Image.Image, height: int, width: int) -> Image.Image:
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _edges(size: Any) -> tuple[int, int] | int:
    if isinstance(size, Mapping):
        return size["shortest_edge"] if "shortest_edge" in size else (size["height"], size["width"])
    return int(size)


def _pair(crop: Any) -> tuple[int, int]:
    return (crop["height"], crop["width"]) if isinstance(crop, Mapping) else (int(crop), int(crop))
