"""Running a function over many items in batches that fit the device, each result at its own place.

Knows nothing of models: a batch that runs out of memory is halved and done again, a batch that fails otherwise is done
item by item, so one bad item costs one result.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from resources.errors import first_line
from resources.inference.errors import DeviceLost
from resources.inference.port import ItemError

Item = TypeVar("Item")
Result = TypeVar("Result")

# After so many full batches a size that was too large once is tried again: another process may have left the device.
_PATIENCE = 16
_OUT_OF_MEMORY = ("out of memory", "ALLOC_FAILED", "can't allocate memory")


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
            answers = self._answers(batch, infer)
            if not isinstance(answers, Exception):
                results.extend(answers)
                self._grow_after(batch)
            elif _is_out_of_memory(answers):
                results.extend(self._smaller(batch, answers))
            else:
                results.extend(self._one_by_one(batch, infer, answers))
        return results

    def _answers(
        self, batch: Sequence[Item], infer: Callable[[Sequence[Item]], Sequence[Result]]
    ) -> Sequence[Result] | Exception:
        """The answers, or why there are none: without the traceback, which would keep the batch's memory taken.

        Raises DeviceLost.
        """
        try:
            results = infer(batch)
        except torch.AcceleratorError as error:
            raise DeviceLost(first_line(error)) from error
        except Exception as error:
            return error.with_traceback(None)
        if len(results) != len(batch):
            return RuntimeError(f"{len(batch)} items gave {len(results)} results")
        self.batches += 1
        self.items += len(batch)
        return results

    def _grow_after(self, batch: Sequence[Item]) -> None:
        self._full_batches += len(batch) == self.batch_size
        if self.batch_size < self._largest and self._full_batches >= self._patience:
            self.batch_size = min(self._largest, self.batch_size + max(1, self.batch_size // 4))
            self._full_batches = 0

    def _smaller(self, batch: Sequence[Item], error: Exception) -> list[ItemError]:
        """Halve the batch size and answer nothing yet; an item that does not even fit alone gets its error."""
        torch.cuda.empty_cache()
        if len(batch) == 1:
            return [_failure(error)]
        self.batch_size = len(batch) // 2
        self._patience, self._full_batches = 2 * self._patience, 0
        return []

    def _one_by_one(
        self, batch: Sequence[Item], infer: Callable[[Sequence[Item]], Sequence[Result]], error: Exception
    ) -> list[Result | ItemError]:
        if len(batch) == 1:
            return [_failure(error)]
        results: list[Result | ItemError] = []
        for item in batch:
            answers = self._answers([item], infer)
            results.extend([_failure(answers)] if isinstance(answers, Exception) else answers)
        return results


def _is_out_of_memory(error: Exception) -> bool:
    """Whether the device had no room: libraries below torch say so in words alone."""
    return isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _OUT_OF_MEMORY)


def _failure(error: Exception) -> ItemError:
    if _is_out_of_memory(error):
        return ItemError("out_of_memory", f"one image does not fit the device: {first_line(error)}")
    return ItemError("inference", first_line(error))
