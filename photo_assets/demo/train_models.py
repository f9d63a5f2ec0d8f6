"""Makes the two small models of the package: `python -m photo_assets.demo.train_models clip` and `… blip`.

Seeded. The two may run side by side, one core each; each takes under an hour.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from transformers import BlipForConditionalGeneration, CLIPModel

from photo_assets.demo.training import architectures
from photo_assets.demo.training.blip import train_blip
from photo_assets.demo.training.clip import train_clip
from photo_assets.demo.training.optimising import Schedule
from photo_assets.demo.training.scene_pool import paint_pool
from photo_assets.demo.training.tokenizers import blip_tokenizer, clip_tokenizer
from resources.inference.checkpoints import SMALL_MODELS
from resources.inference.preprocessing import Preprocessing

TRAINING_SEED, UNSEEN_SEED = 1, 2
UNSEEN_SCENES = 500


class Which(StrEnum):
    """The two models."""

    clip = "clip"
    blip = "blip"


def main(
    which: Annotated[Which, typer.Argument(help="The model to train.")],
    to: Annotated[Path, typer.Option(help="Where its folder is written.")] = SMALL_MODELS,
    scenes: Annotated[int, typer.Option(help="Scenes to paint for training.")] = 20_000,
    steps: Annotated[int, typer.Option(help="Training steps.")] = 5_000,
    threads: Annotated[int, typer.Option(help="CPU cores to use.")] = 1,
) -> None:
    """Paint, train, save."""
    torch.manual_seed(TRAINING_SEED)
    torch.set_num_threads(threads)
    config = architectures.CLIP_PREPROCESSING if which is Which.clip else architectures.BLIP_PREPROCESSING
    preprocessing = Preprocessing.from_config(config)
    pool = paint_pool(scenes, TRAINING_SEED, preprocessing)
    unseen = paint_pool(UNSEEN_SCENES, UNSEEN_SEED, preprocessing)
    model: CLIPModel | BlipForConditionalGeneration
    if which is Which.clip:
        tokenizer = clip_tokenizer(architectures.MAX_TEXT_TOKENS)
        model = architectures.new_clip(tokenizer)
        model = train_clip(model, tokenizer, preprocessing, pool, unseen, Schedule(steps, batch=96))
    else:
        tokenizer = blip_tokenizer(architectures.MAX_TEXT_TOKENS)
        model = architectures.new_blip(tokenizer)
        model = train_blip(model, tokenizer, preprocessing, pool, unseen, Schedule(steps, batch=48))
    save(model, tokenizer, config, to / which.value)


def save(model: Any, tokenizer: Any, preprocessing: Mapping[str, Any], folder: Path) -> None:
    """The folder that `from_pretrained` reads: half-precision safetensors, tokenizer, preprocessing."""
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
