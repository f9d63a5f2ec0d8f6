"""The caption loop's function as CUDA graphs: one launch per token in place of hundreds.

What belongs here: where rows lie so that a graph can be replayed on them, and a graph's proof. What does not: the
function itself (caption_loop.py). A graph is believed only after its first token is the one that the function writes
without it; where it is not, or cannot be made, this runner calls the function for the rest of its life.
"""

import logging
from collections.abc import Callable
from dataclasses import fields, replace

import torch
from torch import Tensor

from resources.inference.caption_loop import CACHES, ROWS_FIRST, CaptionRows

Write = Callable[[CaptionRows], None]
Replay = Callable[[], None]

# Rows are rounded up to a power of two, so there are at most seven graphs, over one set of caches: 23 MB per row with
# BLIP base in FP16. More rows keep a GPU busy without graphs.
MOST_ROWS = 64

_log = logging.getLogger(__name__)


def cuda_capture(function: Replay) -> Replay:
    """Capture what the function does on the GPU, without doing it; the answer does it."""
    graph = torch.cuda.CUDAGraph()
    # Other threads may use the GPU meanwhile.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        function()
    replay: Replay = graph.replay
    return replay


class CapturedRunner:
    """A `caption_loop.Runner` for one model: graphs by number of rows, made on first use and kept."""

    asks_every = 4

    def __init__(self, capture: Callable[[Replay], Replay] = cuda_capture) -> None:
        self._capture = capture
        self._room: CaptionRows | None = None
        self._replays: dict[int, Replay] = {}
        self.refused = ""
        """Why graphs are not used; empty while they are."""

    def placed(self, rows: CaptionRows) -> CaptionRows:
        """The rows copied to where graphs work, filled up with rows that have ended; many rows stay where they are."""
        count = len(rows.tokens)
        if self.refused or count > MOST_ROWS:
            return rows
        size = 1 << (count - 1).bit_length()
        if self._room is None or len(self._room.tokens) < size:
            self._replays.clear()
            self._room = None  # freed before the larger one is made
            self._room = _room_for(rows, size)
        held = _first(self._room, size)
        _copy(rows, _first(held, count))
        held.ended[count:] = True
        held.places[count:] = -1
        return held

    def run(self, write: Write, rows: CaptionRows) -> None:
        """Replay the graph of so many rows, or make it."""
        count = len(rows.tokens)
        if self.refused or count > MOST_ROWS:
            write(rows)
        elif count in self._replays:
            self._replays[count]()
        else:
            self._begin(write, rows)

    def _begin(self, write: Write, rows: CaptionRows) -> None:
        """Make the graph of so many rows while it writes its first token, or write that without."""
        expected = replace(rows, **{name: getattr(rows, name).clone() for name in _CHANGED})
        write(expected)  # first: what this loads cannot be loaded during a capture
        try:
            replay = self._capture(lambda: write(rows))
            replay()
            if not all(torch.equal(getattr(rows, name), getattr(expected, name)) for name in _TOLD):
                raise RuntimeError("a graph wrote other tokens than the model")
            self._replays[len(rows.tokens)] = replay
        except RuntimeError as error:
            self.refused = str(error)
            self._room, self._replays = None, {}
            _log.warning("Captions are written without CUDA graphs, which is slower: %s", error)
            _copy(expected, rows)


# What a token changes, and what of it is told to the host.
_TOLD = ("tokens", "ended", "written", "position")
_CHANGED = (*_TOLD, "keys", "values")


def _room_for(rows: CaptionRows, count: int) -> CaptionRows:
    """Room for so many rows like these."""
    by_row = {name: _like(getattr(rows, name), 0, count) for name in ROWS_FIRST}
    caches = {name: _like(getattr(rows, name), 1, count) for name in CACHES}
    return CaptionRows(position=torch.zeros_like(rows.position), **by_row, **caches)


def _like(tensor: Tensor, axis: int, size: int) -> Tensor:
    shape = list(tensor.shape)
    shape[axis] = size
    return tensor.new_zeros(shape)


def _first(rows: CaptionRows, count: int) -> CaptionRows:
    """The first rows, where they lie."""
    by_row = {name: getattr(rows, name)[:count] for name in ROWS_FIRST}
    caches = {name: getattr(rows, name)[:, :count] for name in CACHES}
    return replace(rows, **by_row, **caches)


def _copy(rows: CaptionRows, into: CaptionRows) -> None:
    for each in fields(CaptionRows):
        getattr(into, each.name).copy_(getattr(rows, each.name))
