"""One model's way through the device: its batches, and what it answered lately.

What belongs here: computing each content once, whatever the number of its copies. What does not: what the model
computes (clip.py, blip.py) and how pictures become its inputs (pictures.py).
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from resources.inference.batching import BatchRunner
from resources.inference.port import ItemError

# Answers kept for pictures that come again, about 3 kB each. Far more than two windows hold, so that what a window
# found known is still there when its turn comes.
_REMEMBERED = 8192


class Lane:
    """A model's function over inputs, its batch runner, and its latest answers by content."""

    def __init__(self, infer: Callable[[Sequence[np.ndarray]], Sequence[Any]], batches: BatchRunner) -> None:
        self.batches = batches
        self._infer = infer
        self._remembered: OrderedDict[bytes, Any] = OrderedDict()

    def knows(self, key: bytes) -> bool:
        """Say whether this content was answered lately, and remember it for longer if so."""
        if key in self._remembered:
            self._remembered.move_to_end(key)
        return key in self._remembered

    def answer(self, keys: Sequence[bytes], inputs: Mapping[bytes, np.ndarray | ItemError]) -> dict[bytes, Any]:
        """The answer or ItemError of each key: remembered, or computed from its input."""
        answers: dict[bytes, Any] = {key: each for key, each in inputs.items() if isinstance(each, ItemError)}
        fresh = {key: each for key, each in inputs.items() if not isinstance(each, ItemError) and not self.knows(key)}
        computed = self.batches.run(list(fresh.values()), self._infer)
        for key, answer in zip(fresh, computed, strict=True):
            answers[key] = answer
            if not isinstance(answer, ItemError):  # the next try may have more luck
                self._remembered[key] = answer
        answers |= {key: self._remembered[key] for key in keys if key not in answers}
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return answers
