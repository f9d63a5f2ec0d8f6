"""Training the small BLIP: from a picture to the words of its one true caption."""

from typing import cast

import torch
from torch import nn
from transformers import BertTokenizer, BlipForConditionalGeneration

from photo_assets.demo.training.architectures import VISION_WIDTH
from photo_assets.demo.training.augmentation import augment
from photo_assets.demo.training.optimising import AttributeHeads, Schedule, train
from photo_assets.demo.training.scene_pool import ScenePool
from resources.inference.graphs import Normalise
from resources.inference.preprocessing import Preprocessing

ATTRIBUTE_WEIGHT = 0.5
EVALUATED_PER_BATCH = 100
MAX_CAPTION_TOKENS = 20


class CaptionLoss(nn.Module):
    """The captioning loss of a BLIP, and its attributes' loss beside it."""

    def __init__(self, blip: BlipForConditionalGeneration, padding: int) -> None:
        super().__init__()
        self.blip = blip
        self.padding = padding
        self.attributes = AttributeHeads(VISION_WIDTH)

    def forward(self, pixels: torch.Tensor, tokens: torch.Tensor, attributes: torch.Tensor) -> torch.Tensor:
        """One number for a batch: normalised pictures, caption tokens (B, T), attribute indices (B, 4)."""
        seen = self.blip.vision_model(pixel_values=pixels).last_hidden_state
        is_token = tokens != self.padding
        said = self.blip.text_decoder(
            input_ids=tokens,
            attention_mask=is_token.long(),
            encoder_hidden_states=seen,
            labels=tokens.masked_fill(~is_token, -100),
        )
        return said.loss.mean() + ATTRIBUTE_WEIGHT * self.attributes(seen[:, 1:].mean(1), attributes)


def train_blip(
    blip: BlipForConditionalGeneration,
    tokenizer: BertTokenizer,
    preprocessing: Preprocessing,
    pool: ScenePool,
    unseen: ScenePool,
    schedule: Schedule,
) -> BlipForConditionalGeneration:
    """The trained model; `unseen` scenes are only used to tell how far it is."""
    model = CaptionLoss(blip, padding=tokenizer.vocab["[PAD]"])
    tokens = caption_tokens(tokenizer, pool.captions)

    normalise = Normalise(preprocessing, torch.float32)

    def loss_of(chosen: torch.Tensor) -> torch.Tensor:
        pixels = normalise(augment(pool.pixels[chosen]))
        loss: torch.Tensor = model(pixels, tokens[chosen], pool.attributes[chosen])
        return loss

    def told(average: nn.Module) -> str:
        trained = cast(BlipForConditionalGeneration, average.blip)
        return f"captions exact {exact_share(trained, tokenizer, preprocessing, unseen):.4f}"

    trained = train(model, schedule, len(pool), loss_of, told)
    return cast(BlipForConditionalGeneration, trained.blip)


def caption_tokens(tokenizer: BertTokenizer, captions: list[str]) -> torch.Tensor:
    """(N, T) token ids, each caption from the decoder's start to the separator, padded."""
    ids: torch.Tensor = tokenizer(captions, padding=True, return_tensors="pt").input_ids
    ids[:, 0] = tokenizer.bos_token_id
    return ids


@torch.inference_mode()
def exact_share(
    blip: BlipForConditionalGeneration, tokenizer: BertTokenizer, preprocessing: Preprocessing, scenes: ScenePool
) -> float:
    """The share of scenes whose greedy caption is the true one to the letter."""
    exact = 0
    normalise = Normalise(preprocessing, torch.float32)
    for start in range(0, len(scenes), EVALUATED_PER_BATCH):
        pixels = normalise(scenes.pixels[start : start + EVALUATED_PER_BATCH])
        tokens = blip.generate(pixel_values=pixels, max_new_tokens=MAX_CAPTION_TOKENS)
        said = tokenizer.batch_decode(tokens, skip_special_tokens=True)
        exact += sum(a == b for a, b in zip(said, scenes.captions[start : start + EVALUATED_PER_BATCH], strict=True))
    return exact / len(scenes)
