"""What tests of captions share: BLIPs to write them, small and random or trained, and pictures as their input."""

from functools import lru_cache

import torch
from transformers import BlipConfig, BlipForConditionalGeneration

from resources.inference.checkpoints import SMALL_MODELS
from resources.inference.preprocessing import Preprocessing

LONGEST = 20


@lru_cache
def random_blip(seed: int = 3, spread: float = 0.6, end_bias: float = 8.0) -> BlipForConditionalGeneration:
    """Random weights so large that tokens depend on the picture and on each other, and captions end anywhere."""
    torch.manual_seed(seed)
    text = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 128}
    text |= {"vocab_size": 40, "encoder_hidden_size": 48, "max_position_embeddings": 32, "is_decoder": True}
    text |= {"bos_token_id": 1, "sep_token_id": 2, "eos_token_id": 2, "pad_token_id": 0}
    vision = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96}
    config = BlipConfig(text_config=text, vision_config=vision | {"image_size": 32, "patch_size": 8})
    model = BlipForConditionalGeneration(config).eval()
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=spread)
    with torch.no_grad():
        model.text_decoder.cls.predictions.decoder.bias[2] += end_bias
    return model


@lru_cache
def trained_blip() -> BlipForConditionalGeneration:
    return BlipForConditionalGeneration.from_pretrained(SMALL_MODELS / "blip", dtype=torch.float32).eval()


def preprocessing_of(model: BlipForConditionalGeneration) -> Preprocessing:
    side = model.config.vision_config.image_size
    return Preprocessing((side, side), None, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


def blocks(model: BlipForConditionalGeneration, count: int) -> torch.Tensor:
    """(count, 3, S, S) uint8: soft blocks of colours, of the model's size."""
    side = model.config.vision_config.image_size
    colours = torch.randint(0, 256, (count, 3, 5, 5), generator=torch.Generator().manual_seed(7)).float()
    return torch.nn.functional.interpolate(colours, (side, side), mode="bicubic").clamp(0, 255).byte()
