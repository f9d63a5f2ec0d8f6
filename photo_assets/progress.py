"""Telling whoever started the work how far it is.

The steps report photos; the `photos` command listens. With no listener, which is so under the daemon, a report does
nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int], None]

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send every report made inside to `listener(stage, photos)`."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def report(stage: str, photos: int = 1) -> None:
    """So many more photos have passed this stage."""
    if listener := _listener.get():
        listener(stage, photos)
