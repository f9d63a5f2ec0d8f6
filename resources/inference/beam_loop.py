"""Captions by beam search, token by token, on static shapes.

What belongs here: which continuations live on, which have ended, and when a picture has its caption. What does not:
what a step computes (graphs.py), and greedy captions (caption_loop.py), which need none of this. The captions are those
that transformers' `generate` gives for as many beams with its defaults, for the same weights and number format: an
ended caption is scored by its mean log-probability per token, its end included.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from resources.inference.caption_loop import CaptionTokens, Step


@dataclass
class _Search:
    """P pictures' unended beams, B each and the best first, and the B best captions of each that have ended.

    `tokens` and `ended_tokens` are (P, B, longest); `scores`, sums of log-probabilities, and `ended_scores`, means of
    them, are (P, B) float32, minus infinity where there is none. `keys` and `values` have a row for each beam, the
    image's a row for each picture.
    """

    places: Tensor
    image_keys: Tensor
    image_values: Tensor
    keys: Tensor
    values: Tensor
    tokens: Tensor
    scores: Tensor
    ended_tokens: Tensor
    ended_scores: Tensor
    open: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.open = torch.ones_like(self.places, dtype=torch.bool)

    def remaining(self) -> "_Search":
        """Without the pictures that have their caption."""
        live = self.open.nonzero().squeeze(1)
        rows = _rows_of(live, torch.arange(self.scores.shape[1], device=live.device))
        images = (cache.index_select(1, live) for cache in (self.image_keys, self.image_values))
        caches = (cache.index_select(1, rows) for cache in (self.keys, self.values))
        rest = (self.tokens, self.scores, self.ended_tokens, self.ended_scores)
        return _Search(self.places[live], *images, *caches, *(each[live] for each in rest))


@torch.inference_mode()
def search_captions(image_keys: Tensor, image_values: Tensor, step: Step, words: CaptionTokens, beams: int) -> Tensor:
    """Return (N, longest) int64 tokens, filled up after each caption's end.

    `image_keys` and `image_values` are (layers, N, heads, S, d), as `graphs.CaptionMemory` gives them; they are not
    copied for the beams.
    """
    search = _first_search(image_keys, image_values, words, beams)
    written = torch.full((len(search.places), words.longest), words.fill, device=image_keys.device)
    for position in range(words.longest):
        _write_token(search, position, step, words)
        left = int(search.open.sum())
        # Moving the caches costs about as much as a step, so pictures leave when half of them can.
        if left <= len(search.places) // 2 or position + 1 == words.longest:
            written[search.places] = search.ended_tokens[:, 0]
            search = search.remaining()
        if left == 0:
            break
    return written


def _first_search(image_keys: Tensor, image_values: Tensor, words: CaptionTokens, beams: int) -> _Search:
    layers, count, heads, _, width = image_keys.shape
    device = image_keys.device
    cache = image_keys.new_zeros((2, layers, count * beams, heads, words.longest, width))
    tokens = torch.full((2, count, beams, words.longest), words.fill, device=device)
    scores = torch.full((2, count, beams), float("-inf"), device=device)
    scores[0, :, 0] = 0  # all beams begin alike, so only one of them may go on from there
    places = torch.arange(count, device=device)
    return _Search(places, image_keys, image_values, cache[0], cache[1], tokens[0], scores[0], tokens[1], scores[1])


def _write_token(search: _Search, position: int, step: Step, words: CaptionTokens) -> None:
    scores, origins, tokens = _continuations(search, _log_probabilities(search, position, step, words))
    continued = _picked(search.tokens, origins)
    continued[:, :, position] = tokens
    ends = tokens == words.end
    _keep_ended(search, continued, scores / (position + 1), ends | (position + 1 == words.longest))
    search.scores, kept = scores.masked_fill(ends, float("-inf")).topk(search.scores.shape[1])
    search.tokens = _picked(continued, kept)
    _reorder(search, origins.gather(1, kept), position + 1)
    search.open &= search.scores[:, 0] / (position + 1) > search.ended_scores[:, -1]


def _log_probabilities(search: _Search, position: int, step: Step, words: CaptionTokens) -> Tensor:
    """(P, B, V) float32 of each beam's next token; the token's keys and values go into the cache."""
    latest = search.tokens[:, :, position - 1] if position else torch.full_like(search.tokens[:, :, 0], words.begin)
    at = torch.tensor([position], device=latest.device)
    caches = (search.keys, search.values, search.image_keys, search.image_values)
    logits, key, value = step(latest.flatten(), at, *caches)
    search.keys[:, :, :, position : position + 1] = key
    search.values[:, :, :, position : position + 1] = value
    return logits.float().log_softmax(-1).unflatten(0, latest.shape)


def _continuations(search: _Search, log_probabilities: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The best continuations, (P, 2B) each: their scores, the beams they continue, and their tokens.

    As each beam has one end, B of twice as many are sure to go on.
    """
    _, beams, vocabulary = log_probabilities.shape
    scores, places = (log_probabilities + search.scores.unsqueeze(-1)).flatten(1).topk(2 * beams)
    return scores, places // vocabulary, places % vocabulary


def _keep_ended(search: _Search, continued: Tensor, means: Tensor, ends: Tensor) -> None:
    """Let what ended among the B best continuations compete with what had ended before."""
    beams = search.scores.shape[1]
    taken = (ends & search.open.unsqueeze(1))[:, :beams]
    means = means[:, :beams].masked_fill(~taken, float("-inf"))
    search.ended_scores, kept = torch.cat([search.ended_scores, means], dim=1).topk(beams)
    search.ended_tokens = _picked(torch.cat([search.ended_tokens, continued[:, :beams]], dim=1), kept)


def _reorder(search: _Search, origins: Tensor, filled: int) -> None:
    """Give each beam the cache of the beam that it continues, in place and no more than is filled."""
    rows = _rows_of(torch.arange(len(origins), device=origins.device), origins)
    for cache in (search.keys, search.values):
        cache[:, :, :, :filled] = cache[:, :, :, :filled].index_select(1, rows)


def _rows_of(pictures: Tensor, beams: Tensor) -> Tensor:
    """The rows of these pictures' beams, one after another; `beams` is (B,) or (P, B)."""
    count = beams.shape[-1]
    return (pictures.unsqueeze(1) * count + beams).flatten()


def _picked(sequences: Tensor, beams: Tensor) -> Tensor:
    """(P, B, longest) sequences by (P, M) beams."""
    return sequences.gather(1, beams.unsqueeze(-1).expand(-1, -1, sequences.shape[-1]))
