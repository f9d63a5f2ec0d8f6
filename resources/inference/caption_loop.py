"""Greedy captions, token by token, on static shapes.

What belongs here: the loop, its cache, and when a row has ended. What does not: what a step computes (graphs.py).
The tokens are those that transformers' greedy `generate` gives for the same weights and number format.
"""

from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor


class Step(Protocol):
    """What `graphs.CaptionStep.forward` takes and gives, whatever computes it."""

    def __call__(
        self, tokens: Tensor, position: Tensor, keys: Tensor, values: Tensor, image_keys: Tensor, image_values: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, and the token's own keys and values."""


@dataclass(frozen=True)
class CaptionTokens:
    """The tokens that begin, end and fill up a caption, and how many it may have, its end included."""

    begin: int
    end: int
    fill: int
    longest: int


@dataclass
class _Rows:
    """The captions still being written: where each belongs, its latest token, its cache and what it sees."""

    places: Tensor
    tokens: Tensor
    image_keys: Tensor
    image_values: Tensor
    keys: Tensor
    values: Tensor
    ended: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.ended = torch.zeros_like(self.tokens, dtype=torch.bool)

    def remaining(self) -> "_Rows":
        """Without the rows that have ended."""
        live = (~self.ended).nonzero().squeeze(1)
        caches = (self.image_keys, self.image_values, self.keys, self.values)
        return _Rows(self.places[live], self.tokens[live], *(cache.index_select(1, live) for cache in caches))


@torch.inference_mode()
def write_captions(image_keys: Tensor, image_values: Tensor, step: Step, words: CaptionTokens) -> Tensor:
    """Return (N, longest) int64 tokens, filled up after each caption's end.

    `image_keys` and `image_values` are (layers, N, heads, S, d), as `graphs.CaptionMemory` gives them.
    """
    rows = _first_rows(image_keys, image_values, words)
    written = torch.full((len(rows.places), words.longest), words.fill, device=image_keys.device)
    for position in range(words.longest):
        _write_token(rows, position, step, words)
        written[rows.places, position] = rows.tokens
        left = len(rows.places) - int(rows.ended.sum())
        if left == 0:
            break
        # Moving the caches costs about as much as a step, so rows leave when half of them can.
        if left <= len(rows.places) // 2:
            rows = rows.remaining()
    return written


def _first_rows(image_keys: Tensor, image_values: Tensor, words: CaptionTokens) -> _Rows:
    layers, count, heads, _, width = image_keys.shape
    cache = image_keys.new_zeros((2, layers, count, heads, words.longest, width))
    begin = torch.full((count,), words.begin, device=image_keys.device)
    places = torch.arange(count, device=image_keys.device)
    return _Rows(places, begin, image_keys, image_values, cache[0], cache[1])


def _write_token(rows: _Rows, position: int, step: Step, words: CaptionTokens) -> None:
    at = torch.tensor([position], device=rows.tokens.device)
    logits, key, value = step(rows.tokens, at, rows.keys, rows.values, rows.image_keys, rows.image_values)
    rows.keys[:, :, :, position : position + 1] = key
    rows.values[:, :, :, position : position + 1] = value
    rows.tokens = torch.where(rows.ended, words.fill, logits.argmax(-1))
    rows.ended = rows.ended | (rows.tokens == words.end)
