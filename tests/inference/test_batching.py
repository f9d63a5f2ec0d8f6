"""Results keep their place whatever happens to a batch."""

import weakref
from collections.abc import Sequence
from itertools import pairwise

import pytest
import torch

from resources.inference.batching import BatchRunner
from resources.inference.errors import DeviceLost
from resources.inference.port import ItemError


def double(items: Sequence[int]) -> list[int]:
    return [item * 2 for item in items]


def kinds(results: Sequence[int | ItemError]) -> list[int | str]:
    return [result.kind if isinstance(result, ItemError) else result for result in results]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 100])
def test_results_are_in_order_for_every_batch_size(batch_size: int) -> None:
    assert BatchRunner(batch_size).run(range(7), double) == [0, 2, 4, 6, 8, 10, 12]


def test_results_keep_their_place_when_a_middle_item_fails() -> None:
    def fail_on_three(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise ValueError("three is bad\nand more")
        return double(items)

    results = BatchRunner(4).run(range(8), fail_on_three)
    assert kinds(results) == [0, 2, 4, "inference", 8, 10, 12, 14]
    assert results[3] == ItemError("inference", "three is bad")


def test_a_batch_that_does_not_fit_is_halved_and_done_again() -> None:
    sizes: list[int] = []

    def at_most_three(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        if len(items) > 3:
            raise torch.OutOfMemoryError("full")
        return double(items)

    runner = BatchRunner(16)
    assert runner.run(range(10), at_most_three) == list(range(0, 20, 2))
    assert sizes[:3] == [10, 5, 2] and max(sizes[2:]) == 2
    assert runner.batch_size == 2


@pytest.mark.parametrize("words", ["CUBLAS_STATUS_ALLOC_FAILED when calling", "MPS backend out of memory"])
def test_a_library_that_tells_of_full_memory_in_words_is_understood(words: str) -> None:
    def at_most_three(items: Sequence[int]) -> list[int]:
        if len(items) > 3 or 5 in items:
            raise RuntimeError(words)
        return double(items)

    runner = BatchRunner(8)
    assert kinds(runner.run(range(8), at_most_three)) == [0, 2, 4, 6, 8, "out_of_memory", 12, 14]
    assert runner.batch_size == 1


def test_nothing_of_a_batch_that_failed_is_kept_while_it_is_done_again() -> None:
    class Batch:
        """What a model makes of its items, and what takes the device's memory."""

    alive: list[bool] = []
    earlier: list[weakref.ref[Batch]] = []

    def fail_together(items: Sequence[int]) -> list[int]:
        alive.append(any(each() is not None for each in earlier))
        made = Batch()
        earlier.append(weakref.ref(made))
        if len(items) > 1:
            raise errors[len(items)]
        return double(items)

    errors = {4: ValueError("odd"), 2: torch.OutOfMemoryError("full")}
    for size in (4, 2):
        assert BatchRunner(size).run(range(size), fail_together) == list(range(0, 2 * size, 2))
    assert len(alive) == 8 and not any(alive)


def test_an_item_that_never_fits_costs_only_itself() -> None:
    def five_is_huge(items: Sequence[int]) -> list[int]:
        if 5 in items:
            raise torch.OutOfMemoryError("full")
        return double(items)

    assert kinds(BatchRunner(4).run(range(8), five_is_huge)) == [0, 2, 4, 6, 8, "out_of_memory", 12, 14]


def test_a_lost_device_is_no_pictures_fault() -> None:
    def lost(items: Sequence[int]) -> list[int]:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered\nand more")

    with pytest.raises(DeviceLost, match="illegal memory access was encountered\\)"):
        BatchRunner(4).run(range(8), lost)


def test_too_few_results_are_an_error_and_never_a_shift() -> None:
    results = BatchRunner(4).run(range(4), lambda items: double(items)[1:])
    assert kinds(results) == ["inference"] * 4


def test_a_size_that_was_too_large_is_tried_again_later_and_ever_less_often() -> None:
    sizes: list[int] = []

    def at_most_five(items: Sequence[int]) -> list[int]:
        sizes.append(len(items))
        if len(items) > 5:
            raise torch.OutOfMemoryError("full")
        return double(items)

    runner = BatchRunner(8)
    assert runner.run(range(2000), at_most_five) == list(range(0, 4000, 2))
    trials = [place for place, size in enumerate(sizes) if size > 5]
    assert len(trials) >= 3, "it grew back"
    gaps = [later - earlier for earlier, later in pairwise(trials)]
    assert gaps == sorted(gaps) and gaps[-1] > 16, "with more patience each time"
    assert max(sizes) == 8


def test_batches_are_counted_as_the_device_answered_them() -> None:
    def at_most_four_and_never_three(items: Sequence[int]) -> list[int]:
        if len(items) > 4:
            raise torch.OutOfMemoryError("full")
        if 3 in items:
            raise ValueError("three")
        return double(items)

    runner = BatchRunner(8)
    runner.run(range(10), at_most_four_and_never_three)
    assert (runner.batches, runner.items) == (3 + 2, 9), "0, 1 and 2 one by one, then 4 to 7, then 8 and 9"
