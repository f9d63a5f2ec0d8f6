"""Our weights in the forms that peers need, made once.

What belongs here: the same image tower under other names. What does not: the checkpoints (inference_models.py).
"""

import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel

from benchmarks.inference_models import make_once

# The tokenizer that clip-retrieval and OpenAI's CLIP share.
_USUAL_TEXT = {"vocab_size": 49408, "max_position_embeddings": 77, "bos_token_id": 49406, "eos_token_id": 49407}
_RCLIP_MODEL = "ViT-B-32-256-datacomp_s34b_b86k"  # the folder that rclip looks into
_OPSET = 17


def prepare(clip: Path, folder: Path) -> None:
    """Write `clip-retrieval` and `rclip` into the folder of a family, unless they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    make_once(folder / "clip-retrieval", lambda unfinished: _write_with_usual_text(clip, unfinished))
    make_once(folder / "rclip", lambda unfinished: _write_for_rclip(clip, unfinished))


def _write_with_usual_text(clip: Path, folder: Path) -> None:
    """A text tower that takes the usual tokenizer's tokens, which clip-retrieval warms up with; it is not used more."""
    model = CLIPModel.from_pretrained(clip, dtype=torch.float32)
    config = CLIPConfig(
        text_config=model.config.text_config.to_dict() | _USUAL_TEXT,
        vision_config=model.config.vision_config.to_dict(),
        projection_dim=model.config.projection_dim,
    )
    ours = {name: value for name, value in model.state_dict().items() if not name.startswith("text_model.embeddings")}
    other = CLIPModel(config)
    other.load_state_dict(ours, strict=False)
    other.save_pretrained(folder)
    for path in clip.iterdir():
        if path.suffix == ".json" and path.name != "config.json":
            shutil.copy(path, folder)


def _write_for_rclip(clip: Path, folder: Path) -> None:
    """The image tower as the ONNX file that rclip opens; what it only looks for is empty."""
    model_folder, tokenizer = folder / _RCLIP_MODEL, folder / "tokenizer"
    model_folder.mkdir(parents=True)
    tokenizer.mkdir()
    (model_folder / "textual.onnx").touch()
    (tokenizer / "bpe_simple_vocab_16e6.txt.gz").touch()
    model = CLIPModel.from_pretrained(clip, dtype=torch.float32).eval()
    edge = model.config.vision_config.image_size
    torch.onnx.export(
        _Features(model),
        (torch.zeros(2, 3, edge, edge),),
        str(model_folder / "visual.onnx"),
        dynamo=False,
        opset_version=_OPSET,
        input_names=["input"],
        output_names=["output"],
        dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
    )


class _Features(nn.Module):
    """(N, 3, H, W) normalised pixels to (N, D) vectors."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self._model = model

    def forward(self, pixels: Tensor) -> Tensor:
        features: Tensor = self._model.get_image_features(pixel_values=pixels).pooler_output
        return features
