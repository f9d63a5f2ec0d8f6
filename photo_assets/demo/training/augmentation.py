"""What cameras, formats and decoders do to a picture, done at random to each training picture in each step."""

import torch
from torch.nn.functional import avg_pool2d


def augment(pixels: torch.Tensor) -> torch.Tensor:
    """(B, 3, H, W) uint8 to the same shape as float32, 0 to 255, each picture changed in its own way."""
    pictures = pixels.float()
    pictures = pictures * _factors(pictures, 0.08, per_channel=True) * _factors(pictures, 0.15, per_channel=False)
    pictures = _blur_some(pictures, share=0.3)
    pictures = pictures + torch.randn_like(pictures) * torch.rand(len(pictures), 1, 1, 1) * 4
    return pictures.clamp(0, 255)


def _factors(pictures: torch.Tensor, spread: float, *, per_channel: bool) -> torch.Tensor:
    channels = 3 if per_channel else 1
    return 1 + (torch.rand(len(pictures), channels, 1, 1) * 2 - 1) * spread


def _blur_some(pictures: torch.Tensor, share: float) -> torch.Tensor:
    blurred = avg_pool2d(pictures, 3, stride=1, padding=1, count_include_pad=False)
    amount = (torch.rand(len(pictures), 1, 1, 1) < share).float() * torch.rand(len(pictures), 1, 1, 1)
    return pictures + (blurred - pictures) * amount
