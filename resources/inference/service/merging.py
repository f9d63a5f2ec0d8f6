"""Requests of several callers become batches for the engine; each answer returns to its caller and place.

What belongs here: the bounded queue, and when a batch is cut. What does not: HTTP, and what is computed.
"""

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

# Two, so that the pictures of one batch are decoded while another has the device; the engine lets one in at a time.
_WORKERS = 2
_SLOWEST_RETRY_S = 15  # a refusal is cheap, and an estimate may be far off
_MEMORY = 0.8  # what a batch leaves of the weight of those before it


class QueueFull(Exception):
    """Nothing of this request was taken; there may be room in `retry_after_s` seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s


@dataclass(eq=False)
class _Ticket:
    """One request on its way: its answers so far, and the future that gets them all."""

    answers: list[Any]
    missing: int
    done: Future[list[Any]] = field(default_factory=Future)
    counting: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, place: int, answer: Any) -> None:
        self.answers[place] = answer
        with self.counting:  # a long request is answered by several workers
            self.missing -= 1
            is_last = self.missing == 0
        if is_last:
            with suppress(InvalidStateError):  # the caller has gone
                self.done.set_result(self.answers)

    def fail(self, error: Exception) -> None:
        with suppress(InvalidStateError):  # it has failed already, or the caller has gone
            self.done.set_exception(error)


@dataclass(frozen=True)
class _Job:
    ticket: _Ticket
    place: int
    item: Any
    kind: Hashable
    since: float


class Merger:
    """A bounded queue with threads behind it that compute batches of items of one kind.

    `compute` maps a kind and its items to as many answers in order; `most` says how many items a batch may have now,
    and `watch` is told each batch's size and seconds.
    """

    def __init__(
        self,
        compute: Callable[[Any, Sequence[Any]], Sequence[Any]],
        most: Callable[[], int],
        capacity: int,
        wait_s: float,
        watch: Callable[[int, float], None],
    ) -> None:
        self._compute, self._most, self._capacity, self._wait_s, self._watch = compute, most, capacity, wait_s, watch
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._cutting = threading.Lock()  # one worker at a time waits for company
        self._closed = False
        self._lately_items = self._lately_s = 0.0
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(_WORKERS)]
        for worker in self._workers:
            worker.start()

    def __len__(self) -> int:
        """How many items wait."""
        return len(self._jobs)

    def submit(self, kind: Hashable, items: Sequence[Any]) -> Future[list[Any]]:
        """The answers of these items, in order. Cancelling takes back what has not begun. Raises QueueFull."""
        ticket = _Ticket([None] * len(items), len(items))
        if not items:
            ticket.done.set_result([])
        now = time.monotonic()
        with self._changed:
            if self._closed or len(self._jobs) + len(items) > self._capacity:
                raise QueueFull(self._retry_after_s())
            self._jobs.extend(_Job(ticket, place, item, kind, now) for place, item in enumerate(items))
            self._changed.notify_all()
        return ticket.done

    def close(self) -> None:
        """Take no more, answer what was taken, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.join()

    def _retry_after_s(self) -> int:
        """When the queue will have moved, by how fast it moved lately."""
        expected_s = len(self._jobs) * self._lately_s / self._lately_items if self._lately_items else 1.0
        return max(1, min(_SLOWEST_RETRY_S, math.ceil(expected_s / 2)))

    def _work(self) -> None:
        while (batch := self._next_batch()) is not None:
            if not batch:
                continue
            started = time.perf_counter()
            try:
                self._answer(batch)
            except Exception as error:  # whatever the engine raises costs this batch only
                for job in batch:
                    job.ticket.fail(error)
            self._tell(len(batch), time.perf_counter() - started)

    def _next_batch(self) -> list[_Job] | None:
        """Wait for a first item, then a little for others; None once all is done."""
        with self._cutting, self._changed:
            self._changed.wait_for(lambda: self._jobs or self._closed)
            if not self._jobs:
                return None
            most = self._most()
            patience_s = self._jobs[0].since + self._wait_s - time.monotonic()
            self._changed.wait_for(lambda: len(self._jobs) >= most or self._closed, timeout=max(0.0, patience_s))
            return self._cut(most)

    def _cut(self, most: int) -> list[_Job]:
        """Items of the first one's kind, of each request in turn, so that a long one keeps no short one waiting.

        Requests that had a turn go behind those that had none, the abandoned are dropped.
        """
        wanted = [job for job in self._jobs if not job.ticket.done.done()]
        kind = wanted[0].kind if wanted else None
        batch = _in_turn([job for job in wanted if job.kind == kind])[:most]
        taken, served = {id(job) for job in batch}, {id(job.ticket) for job in batch}
        left = [job for job in wanted if id(job) not in taken]
        self._jobs = deque(sorted(left, key=lambda job: id(job.ticket) in served))
        return batch

    def _answer(self, batch: Sequence[_Job]) -> None:
        answers = self._compute(batch[0].kind, [job.item for job in batch])
        for job, answer in zip(batch, answers, strict=True):
            job.ticket.answer(job.place, answer)

    def _tell(self, size: int, seconds: float) -> None:
        # Sums rather than a mean of rates, in which a batch of one would weigh as much as a full one.
        self._lately_items = _MEMORY * self._lately_items + size
        self._lately_s = _MEMORY * self._lately_s + seconds
        self._watch(size, seconds)


def _in_turn(jobs: Sequence[_Job]) -> list[_Job]:
    """The first job of every request, then every second one, and so on."""
    turns: Counter[int] = Counter()
    order = []
    for job in jobs:
        order.append((turns[id(job.ticket)], job))
        turns[id(job.ticket)] += 1
    return [job for _, job in sorted(order, key=itemgetter(0))]
