"""Requests become batches and come apart again: every answer at its place, whatever happens to others."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from resources.inference.service.merging import Merger, QueueFull


class Doubling:
    """Doubles numbers, remembers its batches, and waits while it is not `free`; those of kind "held", until `held`."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.free, self.held = threading.Event(), threading.Event()
        self.free.set()

    def __call__(self, kind: Any, items: Sequence[Any]) -> list[Any]:
        self.batches.append(list(items))
        assert (self.held if kind == "held" else self.free).wait(10)
        if "bad" in items:
            raise RuntimeError("a bad item")
        return [(kind, 2 * item) for item in items]


@pytest.fixture
def doubling() -> Doubling:
    return Doubling()


def merger(doubling: Doubling, capacity: int = 1000, wait_s: float = 0.0) -> Merger:
    return Merger(doubling, lambda: 4, capacity, wait_s, lambda size, seconds: None)


def started(doubling: Doubling, batches: int) -> None:
    """Wait until so many batches have begun."""
    deadline = time.monotonic() + 10
    while len(doubling.batches) < batches:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def occupied(queue: Merger, doubling: Doubling) -> list[Future[list[Any]]]:
    """Both workers busy until `free` is set again, with items that are not of one kind."""
    doubling.free.clear()
    busy = [queue.submit(kind, [0]) for kind in ("x", "y")]
    started(doubling, 2)
    return busy


def test_every_caller_gets_its_own_answers_in_order(doubling: Doubling) -> None:
    queue = merger(doubling, wait_s=0.002)
    random = np.random.default_rng(3)
    requests = [("ab"[number % 2], random.integers(0, 1000, number % 11).tolist()) for number in range(60)]
    with ThreadPoolExecutor(12) as callers:
        found = list(callers.map(lambda request: queue.submit(*request).result(10), requests))
    assert found == [[(kind, 2 * item) for item in items] for kind, items in requests]
    queue.close()


def test_waiting_requests_share_batches_and_no_batch_is_larger_than_the_device_takes(doubling: Doubling) -> None:
    queue = merger(doubling)
    first = occupied(queue, doubling)
    others = [queue.submit("a", [10 * number, 10 * number + 1]) for number in range(1, 5)]
    doubling.free.set()
    assert [answer.result(10) for answer in first] == [[("x", 0)], [("y", 0)]]
    assert [answer.result(10) for answer in others] == [[("a", 20 * n), ("a", 20 * n + 2)] for n in range(1, 5)]
    assert sorted(doubling.batches[2:]) == [[10, 20, 30, 40], [11, 21, 31, 41]]
    queue.close()


@pytest.fixture
def one_worker(doubling: Doubling) -> Iterator[Merger]:
    """A queue of which one worker begins when `free` is set and the other never, so that batches have an order."""
    queue = merger(doubling)
    doubling.free.clear()
    busy = [queue.submit(kind, [0]) for kind in ("held", "x")]
    started(doubling, 2)
    yield queue
    doubling.held.set()
    assert [len(answer.result(10)) for answer in busy] == [1, 1]
    queue.close()


def test_a_long_request_keeps_no_short_one_waiting(doubling: Doubling, one_worker: Merger) -> None:
    sent = [list(range(100, 110)), [1], [2, 3]]
    answers = [one_worker.submit("a", items) for items in sent]
    doubling.free.set()
    assert [answer.result(10) for answer in answers] == [[("a", 2 * item) for item in items] for items in sent]
    assert doubling.batches[2:] == [[100, 1, 2, 101], [102, 3, 103, 104], [105, 106, 107, 108], [109]]


def test_a_long_request_keeps_none_of_another_kind_waiting(doubling: Doubling, one_worker: Merger) -> None:
    answers = [one_worker.submit(kind, items) for kind, items in (("a", list(range(100, 110))), ("b", [1]))]
    doubling.free.set()
    assert [len(answer.result(10)) for answer in answers] == [10, 1]
    assert doubling.batches[2:] == [[100, 101, 102, 103], [1], [104, 105, 106, 107], [108, 109]]


def test_short_requests_keep_no_long_one_waiting(doubling: Doubling, one_worker: Merger) -> None:
    answers = [one_worker.submit("a", items) for items in ([100, 101], *([number] for number in range(1, 10)))]
    doubling.free.set()
    assert [len(answer.result(10)) for answer in answers] == [2, *[1] * 9]
    assert doubling.batches[2:] == [[100, 1, 2, 3], [4, 5, 6, 7], [8, 9, 101]]


def test_a_first_item_waits_a_little_for_company(doubling: Doubling) -> None:
    queue = merger(doubling, wait_s=5.0)
    answers = [queue.submit("a", [number]) for number in range(3)]
    time.sleep(0.05)
    assert doubling.batches == []
    answers.append(queue.submit("a", [3]))  # fills the batch and ends the waiting
    assert [answer.result(3) for answer in answers] == [[("a", 0)], [("a", 2)], [("a", 4)], [("a", 6)]]
    assert doubling.batches == [[0, 1, 2, 3]]
    queue.close()


def test_a_full_queue_takes_nothing_of_a_request_and_says_when_to_come_back(doubling: Doubling) -> None:
    queue = merger(doubling, capacity=5)
    busy = occupied(queue, doubling)
    waiting = queue.submit("a", [3, 4, 5])
    with pytest.raises(QueueFull) as caught:
        queue.submit("a", [6, 7, 8])
    assert 1 <= caught.value.retry_after_s <= 15 and len(queue) == 3
    fits = queue.submit("a", [6, 7])
    doubling.free.set()
    assert fits.result(10) == [("a", 12), ("a", 14)] and len(waiting.result(10)) == 3
    assert [len(answer.result(10)) for answer in busy] == [1, 1]
    queue.close()


def test_a_batch_that_fails_costs_its_own_requests_only(doubling: Doubling) -> None:
    queue = merger(doubling)
    with pytest.raises(RuntimeError, match="a bad item"):
        queue.submit("a", ["bad"]).result(10)
    assert [queue.submit("a", [number]).result(10) for number in range(5)] == [[("a", 2 * n)] for n in range(5)]
    queue.close()


def test_the_work_of_a_caller_that_has_gone_is_not_begun(doubling: Doubling) -> None:
    queue = merger(doubling)
    busy = occupied(queue, doubling)
    gone, stays = queue.submit("a", [3, 4]), queue.submit("a", [5])
    assert gone.cancel()
    doubling.free.set()
    assert stays.result(10) == [("a", 10)] and [len(answer.result(10)) for answer in busy] == [1, 1]
    assert doubling.batches[2:] == [[5]]
    queue.close()


def test_closing_answers_what_was_taken_and_takes_no_more(doubling: Doubling) -> None:
    queue = merger(doubling)
    answers = [queue.submit("ab"[number % 2], [number]) for number in range(20)]
    queue.close()
    assert [answer.result(0) for answer in answers] == [[("ab"[n % 2], 2 * n)] for n in range(20)]
    with pytest.raises(QueueFull):
        queue.submit("a", [1])


def test_nothing_is_answered_with_nothing(doubling: Doubling) -> None:
    queue = merger(doubling)
    assert queue.submit("a", []).result(10) == []
    queue.close()
