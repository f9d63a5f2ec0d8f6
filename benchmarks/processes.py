"""Processes that end with the benchmark that started them, whatever it ends by."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import psutil


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator["subprocess.Popen[Any]"]:
    """A process with Popen's options; where it runs at the end of the block it is killed, with all that it started."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        kill(process)


def kill(process: "subprocess.Popen[Any]") -> None:
    """Kill a process and all that it has started; nothing where it has ended by itself."""
    if process.poll() is not None:
        return
    started = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    for each in started:
        with suppress(psutil.NoSuchProcess):
            each.kill()


@contextmanager
def sigterm_as_exit() -> Iterator[None]:
    """SIGTERM raises SystemExit within the block, so that temporary folders are removed and processes ended."""
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
