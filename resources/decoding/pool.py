"""Many photos through a few worker processes: a crash, a hang or a full memory costs one photo.

What belongs here: bounded submission, results in request order, and replacing a pool that was lost. What does
not: what a worker does (worker.py). The processes are pebble's, because the standard library's pools lose every
pending task when one worker dies.
"""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from types import TracebackType
from typing import Self

from pebble import ProcessFuture, ProcessPool

from resources.decoding.batch import Batch
from resources.decoding.errors import PoolLostError
from resources.decoding.floors import package_versions, require_safe_decoders
from resources.decoding.limits import DecodingLimits
from resources.decoding.outcomes import outcome_of
from resources.decoding.previews import PreviewStore
from resources.decoding.requests import DecodeRequest as DecodeRequest
from resources.decoding.requests import DecodeResult as DecodeResult
from resources.decoding.worker import decode_photo, set_up_worker

DecodeFunction = Callable[[DecodeRequest, PreviewStore, DecodingLimits], DecodeResult]

_DEFAULT_LIMITS = DecodingLimits()
_DECODER_VERSION = "v2"  # count up when the same limits would give other previews
_QUEUED_PER_WORKER = 2  # so that no worker waits for its next photo
_MAX_LOSSES_IN_A_ROW = 3
_START_UP_S = 30.0  # generous: processes on a busy machine importing from a slow disk


def provenance_of(limits: DecodingLimits, *, has_raw: bool = True) -> str:
    """Return the name of the policy that previews made under these limits carry, without RAW photos' if none is one."""
    every_photo = f"preview{limits.preview_short_side_px}-{_DECODER_VERSION}"
    return f"{every_photo}/raw-{limits.raw_policy}" if has_raw else every_photo


def decoder_of(limits: DecodingLimits) -> str:
    """Return the name of what a photo fails under: the policy, the deadline and the installed libraries."""
    return f"{provenance_of(limits)} {limits.deadline_s:g} s {' '.join(package_versions())}"


class DecodingPool:
    """A context manager over worker processes; they start with the first photo and end with the context.

    `decode` is what a worker does with one request. It must be a function at the top of a module, since workers find
    it by name.
    """

    def __init__(
        self,
        store: PreviewStore,
        limits: DecodingLimits = _DEFAULT_LIMITS,
        workers: int | None = None,
        decode: DecodeFunction = decode_photo,
    ) -> None:
        self._store = store
        self._limits = limits
        self._workers = workers or _usable_cores()
        self._decode = decode
        self._processes = self._new_processes()

    @property
    def provenance(self) -> str:
        """The name of the policy that this pool's previews carry."""
        return provenance_of(self._limits)

    @property
    def decoder(self) -> str:
        """The name of what photos fail under in this pool."""
        return decoder_of(self._limits)

    def __enter__(self) -> Self:
        require_safe_decoders()
        self._store.sweep()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_processes()

    def decode(
        self, requests: Sequence[DecodeRequest], on_result: Callable[[DecodeResult], None] | None = None
    ) -> list[DecodeResult]:
        """Decode every request and return one result for each, in the order of the requests.

        `on_result` is called in this thread as each photo is finished, in any order. Raises PoolLostError when no
        worker can live long enough to finish a single photo, and nothing else.
        """
        batch = Batch(requests, on_result)
        losses_in_a_row = 0
        try:
            while batch.is_unfinished:
                losses_in_a_row = 0 if self._advance(batch) else losses_in_a_row + 1
                if losses_in_a_row == _MAX_LOSSES_IN_A_ROW:
                    raise PoolLostError(losses_in_a_row)
        finally:
            batch.cancel()
        return batch.results_in_order()

    def _advance(self, batch: Batch) -> bool:
        """Keep the workers busy until at least one photo is finished; False if only the pool was lost."""
        finished, lost = self._wait_for_some(batch) if self._fill_queue(batch) else (0, True)
        if lost:
            batch.requeue_in_flight()
            self._end_processes()
            self._processes = self._new_processes()
        return finished > 0

    def _fill_queue(self, batch: Batch) -> bool:
        """Submit as many as may be in flight; False if the pool does not take any more."""
        try:
            while batch.has_waiting and len(batch.in_flight) < self._workers * _QUEUED_PER_WORKER:
                batch.submit_next(self._submit)
        except RuntimeError:  # pebble's word for a pool whose workers are gone
            return False
        return True

    def _wait_for_some(self, batch: Batch) -> tuple[int, bool]:
        """Return how many photos were finished, and whether the pool was lost or stands still."""
        patience_s = _START_UP_S + self._limits.deadline_s * (1 + _QUEUED_PER_WORKER)
        done, _ = wait(batch.in_flight, patience_s, FIRST_COMPLETED)
        outcomes = {future: outcome_of(future, batch.request_of(future), self._limits) for future in done}
        results = {future: outcome for future, outcome in outcomes.items() if outcome is not None}
        for future, result in results.items():
            batch.finish(future, result)
        return len(results), len(results) < len(done) or not done

    def _submit(self, request: DecodeRequest) -> ProcessFuture:
        return self._processes.schedule(
            self._decode, args=(request, self._store, self._limits), timeout=self._limits.deadline_s
        )

    def _new_processes(self) -> ProcessPool:
        # forkserver: no thread of this process is forked, and what is imported there is not imported by each worker.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["__main__", "resources.decoding.born_with"])
        return ProcessPool(
            max_workers=self._workers,
            max_tasks=self._limits.photos_per_worker,
            initializer=set_up_worker,
            initargs=(self._limits,),
            context=context,
        )

    def _end_processes(self) -> None:
        self._processes.stop()
        self._processes.join()


def _usable_cores() -> int:
    """Count the cores this process may use, which in a container are fewer than the machine's."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
