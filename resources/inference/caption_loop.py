"""Greedy captions, token by token, on static shapes.

What belongs here: the loop, its cache, and when a row has ended. What does not: what a step computes (graphs.py), and
CUDA graphs of the loop's function (cuda_graphs.py).
The tokens are those that transformers' greedy `generate` gives for the same weights and number format.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
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


ROWS_FIRST = ("places", "tokens", "ended", "written")
CACHES = ("keys", "values", "image_keys", "image_values")


@dataclass
class CaptionRows:
    """The captions still being written: all that a token reads and changes, which is changed in place.

    `places` (N,) are the rows of the answer they belong to; `tokens` (N,) their latest; `written` (N, longest) all of
    them; `position` (1,) is where the next one goes. The caches are (layers, N, heads, longest or S, d).
    """

    places: Tensor
    tokens: Tensor
    ended: Tensor
    written: Tensor
    position: Tensor
    keys: Tensor
    values: Tensor
    image_keys: Tensor
    image_values: Tensor

    def chosen(self, rows: Tensor) -> "CaptionRows":
        """A copy of these rows."""
        picked = {name: getattr(self, name)[rows] for name in ROWS_FIRST}
        return replace(self, **picked, **{name: getattr(self, name).index_select(1, rows) for name in CACHES})


class Runner(Protocol):
    """What computes one token of all rows again and again."""

    asks_every: int
    """After how many tokens the host asks whether all have ended; on a GPU asking means waiting."""

    def placed(self, rows: CaptionRows) -> CaptionRows:
        """The rows where this runner wants them. They may have become more: those end nowhere."""

    def run(self, write: Callable[[CaptionRows], None], rows: CaptionRows) -> None:
        """Let `write` write the next token of every row."""


class Eager:
    """Calls the function, and leaves rows where they are."""

    asks_every = 1

    def placed(self, rows: CaptionRows) -> CaptionRows:
        """The rows."""
        return rows

    def run(self, write: Callable[[CaptionRows], None], rows: CaptionRows) -> None:
        """Call it."""
        write(rows)


_EAGER = Eager()


@torch.inference_mode()
def write_captions(
    image_keys: Tensor, image_values: Tensor, step: Step, words: CaptionTokens, runner: Runner = _EAGER
) -> Tensor:
    """Return (N, longest) int64 tokens, filled up after each caption's end.

    `image_keys` and `image_values` are (layers, N, heads, S, d), as `graphs.CaptionMemory` gives them.
    """
    rows = runner.placed(_first_rows(image_keys, image_values, words))
    count = image_keys.shape[1]
    answer = torch.full((count + 1, words.longest), words.fill, device=image_keys.device)
    for number in range(1, words.longest + 1):
        runner.run(partial(write_token, step=step, words=words), rows)
        if number % runner.asks_every and number < words.longest:
            continue
        live = (~rows.ended).nonzero().squeeze(1)
        if len(live) == 0:
            break
        # Moving the caches costs about as much as a step, so rows leave when half of them can.
        if len(live) <= len(rows.tokens) // 2:
            answer[rows.places] = rows.written
            rows = runner.placed(rows.chosen(live))
    answer[rows.places] = rows.written
    return answer[:count]


def write_token(rows: CaptionRows, step: Step, words: CaptionTokens) -> None:
    """Write the next token of every row, in place and without a word to the host, so that a graph can be made of it."""
    logits, key, value = step(rows.tokens, rows.position, rows.keys, rows.values, rows.image_keys, rows.image_values)
    rows.keys.index_copy_(3, rows.position, key)
    rows.values.index_copy_(3, rows.position, value)
    rows.tokens.copy_(logits.argmax(-1).masked_fill(rows.ended, words.fill))
    rows.ended.logical_or_(rows.tokens == words.end)
    rows.written.index_copy_(1, rows.position, rows.tokens.unsqueeze(1))
    rows.position.add_(1)


def _first_rows(image_keys: Tensor, image_values: Tensor, words: CaptionTokens) -> CaptionRows:
    layers, count, heads, _, width = image_keys.shape
    place = image_keys.device
    cache = image_keys.new_zeros((2, layers, count, heads, words.longest, width))
    return CaptionRows(
        places=torch.arange(count, device=place),
        tokens=torch.full((count,), words.begin, device=place),
        ended=torch.zeros(count, dtype=torch.bool, device=place),
        written=torch.full((count, words.longest), words.fill, device=place),
        position=torch.zeros(1, dtype=torch.long, device=place),
        keys=cache[0],
        values=cache[1],
        image_keys=image_keys,
        image_values=image_values,
    )
