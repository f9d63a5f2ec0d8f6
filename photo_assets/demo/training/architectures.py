"""The shapes of the two small models: the real classes, with few and narrow layers."""

import torch
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    CLIPConfig,
    CLIPModel,
    CLIPTokenizer,
    PreTrainedModel,
)

IMAGE_SIDE_PX, PATCH_PX = 96, 16
VISION_WIDTH = 160
VISION = {
    "hidden_size": VISION_WIDTH,
    "intermediate_size": 640,
    "num_hidden_layers": 5,
    "num_attention_heads": 5,
    "image_size": IMAGE_SIDE_PX,
    "patch_size": PATCH_PX,
    "hidden_act": "gelu",
}
TEXT = {"hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 2, "num_attention_heads": 4}
EMBEDDING_DIMENSIONS = 128
MAX_TEXT_TOKENS = 24

# As CLIP's and BLIP's own: any fixed numbers do, as long as training and use agree.
NORMALISATION = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25], "do_normalize": True}
CLIP_PREPROCESSING = NORMALISATION | {
    "image_processor_type": "CLIPImageProcessor",
    "do_convert_rgb": True,
    "do_resize": True,
    "size": {"shortest_edge": IMAGE_SIDE_PX},
    "resample": 3,
    "do_center_crop": True,
    "crop_size": {"height": IMAGE_SIDE_PX, "width": IMAGE_SIDE_PX},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
}
BLIP_PREPROCESSING = NORMALISATION | {
    "image_processor_type": "BlipImageProcessor",
    "do_convert_rgb": True,
    "do_resize": True,
    "size": {"height": IMAGE_SIDE_PX, "width": IMAGE_SIDE_PX},
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
}


def new_clip(tokenizer: CLIPTokenizer) -> CLIPModel:
    """An untrained CLIPModel of about 2 million parameters."""
    text = TEXT | {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": MAX_TEXT_TOKENS,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "hidden_act": "gelu",
    }
    return CLIPModel(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=EMBEDDING_DIMENSIONS))


def new_blip(tokenizer: BertTokenizer) -> BlipForConditionalGeneration:
    """An untrained BlipForConditionalGeneration of about 2.3 million parameters."""
    text = TEXT | {
        "vocab_size": len(tokenizer),
        "encoder_hidden_size": VISION_WIDTH,
        "max_position_embeddings": MAX_TEXT_TOKENS,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.sep_token_id,
        "sep_token_id": tokenizer.sep_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "projection_dim": EMBEDDING_DIMENSIONS,
        "label_smoothing": 0.0,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }
    model = BlipForConditionalGeneration(
        BlipConfig(text_config=text, vision_config=VISION, projection_dim=EMBEDDING_DIMENSIONS)
    )
    _initialise(model.vision_model)
    return model


def _initialise(vision: PreTrainedModel) -> None:
    # BLIP's own initialisation leaves the vision tower at almost zero.
    for parameter in vision.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.02)
