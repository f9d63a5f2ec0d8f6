"""Why a run failed, read from Dagster's events, and whether another try can help.

The platform's own errors say so themselves, by their class. A run whose process ended without a word was killed or lost
its machine, and one whose process was told to end, though nobody ended the run, was stopped with it: both may be tried
again. Anything else is a defect, which stays one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg

# Each room's branch of the tree has to be there before the tree can be walked.
import resources.decoding.errors
import resources.inference.errors
import resources.library.errors
import resources.vectors.errors  # noqa: F401
from resources.errors import PhotoPlatformError

NO_STEP = "no step"

# What SIGTERM and Ctrl-C become in a run's process: as a host is switched off, or its container or worker is stopped.
_INTERRUPTS = {dg.DagsterExecutionInterruptedError.__name__, KeyboardInterrupt.__name__}


@dataclass(frozen=True)
class Failure:
    """The step that failed, if any did, the first line of its error, and whether another try can help."""

    step: str
    message: str
    retryable: bool


def failure_of(context: dg.RunFailureSensorContext) -> Failure:
    """The failure of the run that the sensor is told of."""
    data = context.failure_event.event_specific_data
    steps = context.get_step_failure_events()
    step = str(steps[0].step_key) if steps else NO_STEP
    error = getattr(steps[0].event_specific_data if steps else data, "error", None)
    if error is None:
        return Failure(step, _first_line(context.failure_event.message), retryable=not steps)
    if any(each.cls_name in _INTERRUPTS for each in _chain(error)):
        return Failure(step, "its process was told to end", retryable=True)
    ours = next((each for each in _chain(error) if each.cls_name in known()), None)
    told = ours or list(_chain(error))[-1]
    return Failure(step, _first_line(told.message), ours is not None and known()[str(ours.cls_name)])


def known() -> dict[str, bool]:
    """Whether another try can help with each of the platform's errors, by the class's name."""
    return {each.__name__: each.retryable for each in _below(PhotoPlatformError)}


def _below(error: type[PhotoPlatformError]) -> Iterator[type[PhotoPlatformError]]:
    yield error
    for each in error.__subclasses__():
        yield from _below(each)


def _chain(error: Any) -> Iterator[Any]:
    """An error as Dagster keeps it, and what it was raised from."""
    while error is not None:
        yield error
        error = error.cause


def _first_line(message: str | None) -> str:
    """Dagster puts the class before an error's message, and its words go on for lines."""
    return (message or "its process ended without a word").strip().splitlines()[0]
