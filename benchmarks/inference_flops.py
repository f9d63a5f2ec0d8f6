"""How many floating-point operations a picture costs a model, a multiplication and an addition being two.

Only the matrix products count, which are all but a hundredth of the work; by the model's configuration.
"""

from typing import Any

import torch

from benchmarks.timing import seconds_of

_PRODUCT_SIDE, _PRODUCTS = {"cpu": 2048, "cuda": 8192, "mps": 4096}, 3


def clip_flops(config: Any) -> float:
    """Embedding one picture."""
    vision = config.vision_config
    return _image_tower(vision) + 2 * vision.hidden_size * config.projection_dim


def blip_flops(config: Any, tokens: int) -> float:
    """Captioning one picture in so many tokens: the image tower, the image's keys and values, and each token."""
    vision, text = config.vision_config, config.text_config
    memory = 2 * 2 * _places(vision) * vision.hidden_size * text.hidden_size * text.num_hidden_layers
    return _image_tower(vision) + memory + tokens * _token(text, _places(vision))


def matmul_flops(device: str, dtype: torch.dtype) -> float:
    """FLOP/s of this process's device in a large matrix product, the best of a few: what a model could reach."""
    side = _PRODUCT_SIDE[device]
    matrix = torch.randn(side, side, device=device).to(dtype)
    seconds = [seconds_of(lambda: _product(matrix)) for _ in range(1 + _PRODUCTS)][1:]
    return float(2 * side**3 / min(seconds))


def _product(matrix: torch.Tensor) -> None:
    matrix @ matrix
    if matrix.is_cuda:
        torch.cuda.synchronize()


def _image_tower(vision: Any) -> float:
    places, width = _places(vision), vision.hidden_size
    attention = 4 * places**2 * width
    layer = 2 * places * (4 * width**2 + 2 * width * vision.intermediate_size) + attention
    patches = 2 * (places - 1) * 3 * vision.patch_size**2 * width
    return float(layer * vision.num_hidden_layers + patches)


def _token(text: Any, places: int) -> float:
    width = text.hidden_size
    layer = 2 * (6 * width**2 + 2 * width * text.intermediate_size) + 4 * places * width
    return float(layer * text.num_hidden_layers + 2 * width * (width + text.vocab_size))


def _places(vision: Any) -> int:
    """Patches, and the one place that stands for them all."""
    return int(vision.image_size // vision.patch_size) ** 2 + 1
