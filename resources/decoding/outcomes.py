"""What a finished future of the pool means for its photo.

What belongs here: the difference between a worker's answer, a worker's death and the loss of the whole pool. What
does not: failures that a worker could report itself (classification.py).
"""

import signal
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

from pebble import ProcessExpired

from resources.decoding.classification import clean_reason
from resources.decoding.errors import CrashedError, DecodingError, OutOfMemoryError, TimedOutError
from resources.decoding.limits import DecodingLimits
from resources.decoding.requests import DecodeRequest, DecodeResult, failed_result


def outcome_of(future: Future[DecodeResult], request: DecodeRequest, limits: DecodingLimits) -> DecodeResult | None:
    """Return the row of a finished future, or None when the pool was lost and the photo is not to blame."""
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, BrokenProcessPool):
        return None
    return failed_result(request.photo_id, _error_of(error, limits))


def _error_of(error: BaseException, limits: DecodingLimits) -> DecodingError:
    if isinstance(error, TimeoutError):
        return TimedOutError(limits.deadline_s)
    if isinstance(error, MemoryError):
        return OutOfMemoryError(limits.memory_bytes)
    if isinstance(error, ProcessExpired):
        return CrashedError(_death_of(error.exitcode))
    return CrashedError(f"{type(error).__name__}: {clean_reason(error)}")


def _death_of(exit_code: int) -> str:
    """Name what ended a process; SIGKILL is mostly the kernel's, for want of memory."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    names = {each.value: each.name for each in signal.Signals}
    return names.get(-exit_code, f"signal {-exit_code}")
