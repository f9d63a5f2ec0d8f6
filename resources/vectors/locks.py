"""One process at a time: an exclusive lock on a file, with a bounded wait.

What belongs here: taking and giving back the lock of one version of the embedded index, and seeing that another process
waits for it. The engine locks its log too, but only while a version is open; this lock also covers making, dropping and
packing one. The system gives the lock back when a process dies, however it dies.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resources.vectors.errors import IndexInUse

POLL_S = 0.05


def acquire(path: Path, wait_s: float) -> int:
    """Lock the file `path`, made if missing, and return its descriptor; IndexInUse after `wait_s` seconds.

    Whoever waits holds the turn meanwhile: it goes before a holder that comes back at once, and `is_wanted` sees it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    turn = _locked_by(_turn_of(path), deadline)
    try:
        descriptor = None if turn is None else _locked_by(path, deadline)
    finally:
        if turn is not None:
            release(turn)
    if descriptor is None:
        raise IndexInUse(path.parent.parent, wait_s, _holder(path))
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    return descriptor


def release(descriptor: int) -> None:
    """Give the lock back. Unlocked by name, since a forked child may hold a copy of the descriptor."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def is_wanted(path: Path) -> bool:
    """Whether somebody waits for the lock on `path`."""
    descriptor = _opened(_turn_of(path))
    try:
        # Shared, so that several who look do not take each other for one who waits.
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


@contextmanager
def held(path: Path, wait_s: float) -> Iterator[None]:
    """The lock on `path` for the length of a `with` block."""
    descriptor = acquire(path, wait_s)
    try:
        yield
    finally:
        release(descriptor)


def _turn_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.turn")


def _locked_by(path: Path, deadline: float) -> int | None:
    """A descriptor that holds the lock on `path`; None if it is not free by the deadline."""
    descriptor = _opened(path)
    while not _try(descriptor, fcntl.LOCK_EX):
        if time.monotonic() >= deadline:
            os.close(descriptor)
            return None
        time.sleep(POLL_S)
    return descriptor


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _holder(path: Path) -> str:
    return path.read_bytes()[:32].decode("ascii", "replace").strip() if path.exists() else ""


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
