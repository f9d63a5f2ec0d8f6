"""Running a function over many items in batches that fit the device, each result at its own place.

Knows nothing of models: a batch that runs out of memory is halved and done again, a batch that fails otherwise is done
item by item, so one bad item costs one result.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from resources.errors import first_line
from resources.inference.port import ItemError

Item = TypeVar("Item")
Result = TypeVar("Result")

# After so many full batches a size that was too large once is tried again: another process may have left the device.
_PATIENCE = 16


class BatchRunner:
    """Remembers the largest batch that fitted, so that an overflow is paid for once, and grows back carefully.

    `batch_size` never exceeds the size it began with. Each overflow doubles the patience before the next trial.
    `batches` and `items` count what the function has answered, so that their ratio tells how full the batches were.
    """

    def __init__(self, batch_size: int, largest: int | None = None) -> None:
        self.batch_size = batch_size
        self.batches = self.items = 0
        self._largest = largest or batch_size
        self._patience = _PATIENCE
        self._full_batches = 0

    def run(
        self, items: Sequence[Item], infer: Callable[[Sequence[Item]], Sequence[Result]]
    ) -> list[Result | ItemError]:
        """One result or ItemError per item, in order; `infer` maps a batch to as many results in order."""
        results: list[Result | ItemError] = []
        while len(results) < len(items):
            batch = items[len(results) : len(results) + self.batch_size]
            try:
                results.extend(self._answers(batch, infer))
                self._grow_after(batch)
            except torch.OutOfMemoryError as error:
                results.extend(self._smaller(batch, error))
            except Exception as error:
                results.extend(self._one_by_one(batch, infer, error))
        return results

    def _answers(self, batch: Sequence[Item], infer: Callable[[Sequence[Item]], Sequence[Result]]) -> Sequence[Result]:
        results = infer(batch)
        if len(results) != len(batch):
            raise RuntimeError(f"{len(batch)} items gave {len(results)} results")
        self.batches += 1
        self.items += len(batch)
        return results

    def _grow_after(self, batch: Sequence[Item]) -> None:
        self._full_batches += len(batch) == self.batch_size
        if self.batch_size < self._largest and self._full_batches >= self._patience:
            self.batch_size = min(self._largest, self.batch_size + max(1, self.batch_size // 4))
            self._full_batches = 0

    def _smaller(self, batch: Sequence[Item], error: torch.OutOfMemoryError) -> list[ItemError]:
        """Halve the batch size and answer nothing yet; an item that does not even fit alone gets its error."""
        torch.cuda.empty_cache()
        if len(batch) == 1:
            return [ItemError("out_of_memory", f"one image does not fit the device: {first_line(error)}")]
        self.batch_size = len(batch) // 2
        self._patience, self._full_batches = 2 * self._patience, 0
        return []

    def _one_by_one(
        self, batch: Sequence[Item], infer: Callable[[Sequence[Item]], Sequence[Result]], error: Exception
    ) -> list[Result | ItemError]:
        if len(batch) == 1:
            return [ItemError("inference", first_line(error))]
        results: list[Result | ItemError] = []
        for item in batch:
            try:
                results.extend(self._answers([item], infer))
            except Exception as single:
                results.append(ItemError("inference", first_line(single)))
        return results
