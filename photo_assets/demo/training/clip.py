"""Training the small CLIP: pictures and descriptions in one space, near each other where the words are true."""

from typing import cast

import numpy as np
import torch
from torch import nn
from transformers import CLIPModel, CLIPTokenizer

from photo_assets.demo.training.architectures import VISION_WIDTH
from photo_assets.demo.training.augmentation import augment
from photo_assets.demo.training.descriptions import ANY, Description, partial, whole
from photo_assets.demo.training.optimising import AttributeHeads, Schedule, train
from photo_assets.demo.training.scene_pool import ScenePool
from photo_assets.demo.vocabulary import Subject, all_subjects, caption
from resources.inference.graphs import Normalise
from resources.inference.preprocessing import Preprocessing

ATTRIBUTE_WEIGHT = 1.0
MAX_LOGIT_SCALE = float(np.log(100))


class ContrastiveLoss(nn.Module):
    """The loss of a CLIP whose texts may each be true of several pictures of the batch."""

    def __init__(self, clip: CLIPModel) -> None:
        super().__init__()
        self.clip = clip
        self.attributes = AttributeHeads(VISION_WIDTH)

    def forward(
        self, pixels: torch.Tensor, texts: dict[str, torch.Tensor], named: torch.Tensor, attributes: torch.Tensor
    ) -> torch.Tensor:
        """One number for a batch of B normalised pictures and T texts that name (T, 4) attributes."""
        pooled = self.clip.vision_model(pixel_values=pixels).pooler_output
        images = nn.functional.normalize(self.clip.visual_projection(pooled), dim=-1)
        words = nn.functional.normalize(self.clip.get_text_features(**texts).pooler_output, dim=-1)
        scale = self.clip.logit_scale.clamp(max=MAX_LOGIT_SCALE).exp()
        is_true = ((named[None] == attributes[:, None]) | (named[None] == ANY)).all(-1)
        logits = scale * images @ words.T
        return _multi_positive(logits, is_true) + ATTRIBUTE_WEIGHT * self.attributes(pooled, attributes)


def train_clip(
    clip: CLIPModel,
    tokenizer: CLIPTokenizer,
    preprocessing: Preprocessing,
    pool: ScenePool,
    unseen: ScenePool,
    schedule: Schedule,
) -> CLIPModel:
    """The trained model; `unseen` scenes are only used to tell how far it is."""
    model = ContrastiveLoss(clip)
    subjects = {caption(subject): subject for subject in all_subjects()}
    generator = np.random.default_rng(0)

    normalise = Normalise(preprocessing, torch.float32)

    def loss_of(chosen: torch.Tensor) -> torch.Tensor:
        pixels = normalise(augment(pool.pixels[chosen]))
        described = _describe([subjects[pool.captions[index]] for index in chosen.tolist()], generator)
        texts = dict(tokenizer([one.text for one in described], padding=True, truncation=True, return_tensors="pt"))
        named = torch.tensor([one.attributes for one in described])
        loss: torch.Tensor = model(pixels, texts, named, pool.attributes[chosen])
        return loss

    def told(average: nn.Module) -> str:
        return f"recall@1 {recall_at_1(cast(CLIPModel, average.clip), tokenizer, preprocessing, unseen):.4f}"

    trained = train(model, schedule, len(pool), loss_of, told)
    return cast(CLIPModel, trained.clip)


@torch.inference_mode()
def recall_at_1(clip: CLIPModel, tokenizer: CLIPTokenizer, preprocessing: Preprocessing, scenes: ScenePool) -> float:
    """The share of the distinct captions whose nearest scene is one that they are true of."""
    pixels = Normalise(preprocessing, torch.float32)(scenes.pixels)
    images = torch.cat([clip.get_image_features(pixel_values=part).pooler_output for part in pixels.split(100)])
    captions = sorted(set(scenes.captions))
    tokens = tokenizer(captions, padding=True, return_tensors="pt")
    words = clip.get_text_features(**tokens).pooler_output
    nearest = (words @ nn.functional.normalize(images, dim=-1).T).argmax(-1)
    return sum(scenes.captions[place] == text for text, place in zip(captions, nearest.tolist(), strict=True)) / len(
        captions
    )


def _describe(subjects: list[Subject], generator: np.random.Generator) -> list[Description]:
    """For each picture its caption and one partial description, no text twice."""
    described = [whole(subject) for subject in subjects] + [partial(subject, generator) for subject in subjects]
    return list({one.text: one for one in described}.values())


def _multi_positive(logits: torch.Tensor, is_true: torch.Tensor) -> torch.Tensor:
    """Cross-entropy both ways between (B, T) logits and all true pairs, each row's and column's weight being one."""
    of_texts = (logits.log_softmax(0) * is_true).sum(0) / is_true.sum(0)
    of_images = (logits.log_softmax(1) * is_true).sum(1) / is_true.sum(1)
    return -(of_texts.mean() + of_images.mean()) / 2
