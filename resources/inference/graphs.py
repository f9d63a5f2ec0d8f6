"""The parts of both models that a device computes, each as a module from tensors to tensors.

What belongs here: what is computed per batch, in a form that runs eagerly and can be exported as it stands: static
shapes but for the batch, no Python state. What does not: weights and where they come from (loading.py), the loop that
calls the caption step (caption_loop.py), batches and devices. Images come in as uint8 and are normalised here, so
that a quarter of the bytes goes to the device.
"""

from typing import Any

import torch
from torch import Tensor, nn

from resources.inference.blip_tower import BlipTower
from resources.inference.preprocessing import Preprocessing


class Normalise(nn.Module):
    """(N, 3, H, W) uint8 to the model's number format, by the checkpoint's own mean and deviation."""

    mean: Tensor
    std: Tensor

    def __init__(self, preprocessing: Preprocessing, dtype: torch.dtype) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, 3, 1, 1), persistent=False)
        self._dtype = dtype

    def forward(self, pixels: Tensor) -> Tensor:
        return ((pixels.float() / 255 - self.mean) / self.std).to(self._dtype)


class ImageTower(nn.Module):
    """(N, 3, H, W) uint8 to (N, D) float32 vectors of norm 1, by a model of the CLIP or the SigLIP family."""

    def __init__(self, model: Any, preprocessing: Preprocessing) -> None:
        super().__init__()
        self._normalise = Normalise(preprocessing, model.dtype)
        self._model = model

    def forward(self, pixels: Tensor) -> Tensor:
        return _unit(self._model.get_image_features(pixel_values=self._normalise(pixels)).pooler_output)


class TextTower(nn.Module):
    """(N, T) int64 tokens and their mask to (N, D) float32 vectors of norm 1, comparable with the images'."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self._model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return _unit(self._model.get_text_features(input_ids=input_ids, attention_mask=attention_mask).pooler_output)


class CaptionImage(nn.Module):
    """(N, 3, H, W) uint8 to what the caption's decoder sees of the images: (N, S, D) states of BLIP's image tower."""

    def __init__(self, model: Any, preprocessing: Preprocessing) -> None:
        super().__init__()
        self._normalise = Normalise(preprocessing, model.dtype)
        self._tower = BlipTower(model.vision_model)

    def forward(self, pixels: Tensor) -> Tensor:
        states: Tensor = self._tower(self._normalise(pixels))
        return states


class CaptionMemory(nn.Module):
    """(N, S, D) image states to the keys and the values of every layer, (layers, N, heads, S, d) each.

    They are the same for every token, so they are computed once per batch.
    """

    def __init__(self, text_decoder: Any) -> None:
        super().__init__()
        attentions = [layer.crossattention.self for layer in text_decoder.bert.encoder.layer]
        self._keys = nn.ModuleList(attention.key for attention in attentions)
        self._values = nn.ModuleList(attention.value for attention in attentions)
        self._heads = attentions[0].num_attention_heads

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        keys = [_by_head(key(states), self._heads) for key in self._keys]
        values = [_by_head(value(states), self._heads) for value in self._values]
        return torch.stack(keys), torch.stack(values)


class CaptionStep(nn.Module):
    """One token of every caption: its logits, and its keys and values for the cache.

    `forward` takes tokens (N,), their position (1,), the cache of earlier tokens' keys and values (layers, N, heads, T,
    d each, of which the first `position` are filled) and the image's (layers, N, heads, S, d each). It gives logits (N,
    V) and the token's own keys and values (layers, N, heads, 1, d each), which the caller puts into the cache: a cache
    that goes through a graph would be copied at every step. The image's may have fewer rows, each for as many tokens in
    turn: the beams of one picture.
    """

    def __init__(self, text_decoder: Any) -> None:
        super().__init__()
        self._embeddings = text_decoder.bert.embeddings
        self._layers = nn.ModuleList(CaptionLayer(layer) for layer in text_decoder.bert.encoder.layer)
        self._head = text_decoder.cls

    def forward(
        self, tokens: Tensor, position: Tensor, keys: Tensor, values: Tensor, image_keys: Tensor, image_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        embeddings = self._embeddings
        hidden = embeddings.word_embeddings(tokens) + embeddings.position_embeddings(position)
        hidden = embeddings.LayerNorm(hidden)
        unfilled = torch.arange(keys[0].shape[2], device=tokens.device) >= position
        new = []
        for number, layer in enumerate(self._layers):
            hidden, key, value = layer(
                hidden, unfilled, keys[number], values[number], image_keys[number], image_values[number]
            )
            new.append((key, value))
        new_keys, new_values = (torch.stack(each) for each in zip(*new, strict=True))
        return self._head(hidden), new_keys, new_values


class CaptionLayer(nn.Module):
    """One layer of BLIP's text decoder for one token of each caption; hidden states are (N, D)."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self._layer = layer
        self._own = layer.attention.self
        self._cross = layer.crossattention.self
        self._heads = self._own.num_attention_heads

    def forward(
        self, hidden: Tensor, unfilled: Tensor, keys: Tensor, values: Tensor, image_keys: Tensor, image_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        key, value = (_of_token(project(hidden), self._heads) for project in (self._own.key, self._own.value))
        query = _of_token(self._own.query(hidden), self._heads)
        context = _attend_earlier(query, key, value, keys, values, unfilled)
        hidden = self._layer.attention.output(context, hidden)
        query = _of_token(self._cross.query(hidden), self._heads)
        hidden = self._layer.crossattention.output(_attend_image(query, image_keys, image_values), hidden)
        return self._layer.feed_forward_chunk(hidden), key, value


def _attend_earlier(
    query: Tensor, key: Tensor, value: Tensor, keys: Tensor, values: Tensor, unfilled: Tensor
) -> Tensor:
    """Attend to the filled part of the cache and to the token itself, without copying the cache for its sake."""
    earlier = (query @ keys.transpose(-1, -2)).masked_fill(unfilled, float("-inf"))
    itself = (query * key).sum(-1, keepdim=True)
    weights = (torch.cat([earlier, itself], dim=-1) / query.shape[-1] ** 0.5).softmax(-1)
    context = weights[..., :-1] @ values + weights[..., -1:] * value
    return context.flatten(1)


def _attend_image(query: Tensor, image_keys: Tensor, image_values: Tensor) -> Tensor:
    """Attend to the images, of which each may have several rows of queries in turn: a copy for each would be 21 MB."""
    queries = query.squeeze(2).unflatten(0, (image_keys.shape[0], -1)).transpose(1, 2)
    scores = queries @ image_keys.transpose(-1, -2) / query.shape[-1] ** 0.5
    context = scores.softmax(-1) @ image_values
    return context.transpose(1, 2).flatten(0, 1).flatten(1)  # no size of a batch, which a trace would keep


def _of_token(projected: Tensor, heads: int) -> Tensor:
    """(N, D) to (N, heads, 1, d)."""
    return projected.unflatten(-1, (heads, -1)).unsqueeze(2)


def _by_head(projected: Tensor, heads: int) -> Tensor:
    """(N, S, D) to (N, heads, S, d)."""
    return projected.unflatten(-1, (heads, -1)).transpose(1, 2).contiguous()


def _unit(features: Tensor) -> Tensor:
    # Normalised in FP32: an FP16 norm is off by up to a thousandth.
    return nn.functional.normalize(features.float(), dim=-1)
