"""The peak memory of a process and its children together, sampled from outside."""

import threading
from types import TracebackType

import psutil

SAMPLE_S = 2.0  # reading the shares of a page takes milliseconds a process


class PeakMemory:
    """Samples the proportional set size of a process tree until left; `peak_bytes` is the largest sum seen.

    Proportional: memory that several processes share is counted once between them.
    """

    def __init__(self, process_id: int) -> None:
        self._process = psutil.Process(process_id)
        self._over = threading.Event()
        self._sampler = threading.Thread(target=self._sample)
        self.peak_bytes = 0

    def __enter__(self) -> "PeakMemory":
        self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._sampler.join()

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_S):
            self.peak_bytes = max(self.peak_bytes, self._total())

    def _total(self) -> int:
        try:
            return sum(_bytes(process) for process in [self._process, *self._process.children(recursive=True)])
        except psutil.NoSuchProcess:
            return 0


def _bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0
