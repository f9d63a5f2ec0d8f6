"""The bookkeeping of one call of the pool: which request waits, which is in flight, which has its result.

What belongs here: keeping every result in its request's place. What does not: processes. An index that is off by one
would give every photo another photo's preview without any exception, so indexes live here only.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from resources.decoding.requests import DecodeRequest, DecodeResult


class Batch:
    """Requests on their way to results; each index is in exactly one of: waiting, in flight, finished."""

    def __init__(self, requests: Sequence[DecodeRequest], on_result: Callable[[DecodeResult], None] | None) -> None:
        self._requests = requests
        self._on_result = on_result
        self._waiting = deque(range(len(requests)))
        self._results: dict[int, DecodeResult] = {}
        self.in_flight: dict[Future[DecodeResult], int] = {}

    @property
    def is_unfinished(self) -> bool:
        return len(self._results) < len(self._requests)

    @property
    def has_waiting(self) -> bool:
        return bool(self._waiting)

    def request_of(self, future: Future[DecodeResult]) -> DecodeRequest:
        """Return the request that a future in flight stands for."""
        return self._requests[self.in_flight[future]]

    def submit_next(self, submit: Callable[[DecodeRequest], Future[DecodeResult]]) -> None:
        """Submit the first waiting request; it goes on waiting if submitting fails."""
        index = self._waiting[0]
        self.in_flight[submit(self._requests[index])] = index
        self._waiting.popleft()

    def finish(self, future: Future[DecodeResult], result: DecodeResult) -> None:
        """Put a result in its place and report it."""
        self._results[self.in_flight.pop(future)] = result
        if self._on_result is not None:
            self._on_result(result)

    def requeue_in_flight(self) -> None:
        """Let everything in flight wait again, before the others: its workers are gone."""
        self._waiting.extendleft(sorted(self.in_flight.values(), reverse=True))
        self.in_flight.clear()

    def cancel(self) -> None:
        """Give up what is in flight, when the caller does not want the rest."""
        for future in self.in_flight:
            future.cancel()

    def results_in_order(self) -> list[DecodeResult]:
        """Return the results of a finished batch in the order of its requests."""
        return [self._results[index] for index in range(len(self._requests))]
