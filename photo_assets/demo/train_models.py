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
from transformers import PreTrainedModel

from photo_assets.demo.training import architectures
from photo_assets.demo.training.blip import train_blip
from photo_assets.demo.training.clip import train_clip
from photo_assets.demo.training.optimising import Schedule
from photo_assets.demo.training.scene_pool import ScenePool, paint_pool
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
    steps: Annotated[int, typer.Option(help="Training steps of 96 pictures.")] = 4_000,
    threads: Annotated[int, typer.Option(help="CPU cores to use.")] = 1,
) -> None:
    """Paint, train, save."""
    torch.manual_seed(TRAINING_SEED)
    torch.set_num_threads(threads)
    make = make_clip if which is Which.clip else make_blip
    make(to / which.value, scenes, steps)


def make_clip(folder: Path, scenes: int, steps: int) -> None:
    """The small CLIP."""
    preprocessing = Preprocessing.from_config(architectures.CLIP_PREPROCESSING)
    tokenizer = clip_tokenizer(architectures.MAX_TEXT_TOKENS)
    model = architectures.new_clip(tokenizer)
    pools = paint_pools(scenes, preprocessing)
    trained = train_clip(model, tokenizer, preprocessing, *pools, Schedule(steps, batch=96))
    save(trained, tokenizer, architectures.CLIP_PREPROCESSING, folder)


def make_blip(folder: Path, scenes: int, steps: int) -> None:
    """The small BLIP; its steps are twice as many and half as large."""
    preprocessing = Preprocessing.from_config(architectures.BLIP_PREPROCESSING)
    tokenizer = blip_tokenizer(architectures.MAX_TEXT_TOKENS)
    model = architectures.new_blip(tokenizer)
    pools = paint_pools(scenes, preprocessing)
    trained = train_blip(model, tokenizer, preprocessing, *pools, Schedule(2 * steps, batch=48))
    save(trained, tokenizer, architectures.BLIP_PREPROCESSING, folder)


def paint_pools(scenes: int, preprocessing: Preprocessing) -> tuple[ScenePool, ScenePool]:
    """Scenes to learn from, and unseen ones to tell how far the learning is."""
    return (
        paint_pool(scenes, TRAINING_SEED, preprocessing),
        paint_pool(UNSEEN_SCENES, UNSEEN_SEED, preprocessing),
    )


def save(model: PreTrainedModel, tokenizer: Any, preprocessing: Mapping[str, Any], folder: Path) -> None:
    """The folder that `from_pretrained` reads: half-precision safetensors, tokenizer, preprocessing."""
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing, indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
