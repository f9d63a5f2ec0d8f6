"""One model's way through the device: its batches, and what it answered lately.

What belongs here: computing each content once, whatever the number of its copies. What does not: what the model
computes (clip.py, blip.py) and how pictures become its inputs (pictures.py).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from resources.inference.batching import BatchRunner
from resources.inference.port import ItemError, Provenance
from resources.inference.preprocessing import Preprocessing

# Answers kept for pictures that come again, about 3 kB each. Far more than two windows hold, so that what a window
# found known is still there when its turn comes.
_REMEMBERED = 8192


class PictureModel(Protocol):
    """A model that says something of pictures."""

    preprocessing: Preprocessing
    provenance: Provenance

    def infer(self, inputs: Sequence[np.ndarray]) -> Sequence[Any]:
        """One answer per (3, H, W) uint8 input."""


class Lane:
    """A model, its batch runner, and its latest answers by content; `name` is the field of Inferred that it fills."""

    def __init__(self, name: str, model: PictureModel, batches: BatchRunner) -> None:
        self.name, self.model, self.batches = name, model, batches
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
        computed = self.batches.run(list(fresh.values()), self.model.infer)
        for key, answer in zip(fresh, computed, strict=True):
            answers[key] = answer
            if not isinstance(answer, ItemError):  # the next try may have more luck
                self._remembered[key] = answer
        answers |= {key: self._remembered[key] for key in keys if key not in answers}
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return answers

    def counts(self) -> dict[str, int]:
        """Batches that the device has computed, and the inputs in them."""
        return {f"{self.name}_batches": self.batches.batches, f"{self.name}_inputs": self.batches.items}
