"""One process at a time: an exclusive lock on a file, with a bounded wait.

What belongs here: taking and giving back the lock of one version of the embedded index. The engine locks its
log too, but only while a version is open; this lock also covers making, dropping and packing one.
The system gives the lock back when a process dies, however it dies.
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
    """Lock the file `path`, made if missing, and return its descriptor; IndexInUse after `wait_s` seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + wait_s
    while not _try(descriptor):
        if time.monotonic() >= deadline:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise IndexInUse(path.parent.parent, wait_s, holder)
        time.sleep(POLL_S)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
    return descriptor


def release(descriptor: int) -> None:
    """Give the lock back. Unlocked by name, since a forked child may hold a copy of the descriptor."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


@contextmanager
def held(path: Path, wait_s: float) -> Iterator[None]:
    """The lock on `path` for the length of a `with` block."""
    descriptor = acquire(path, wait_s)
    try:
        yield
    finally:
        release(descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
