"""Faults on demand: the N-th call into a room, statement or entry of a folder does not return.

A seam around what a test gives to the steps; product code never knows. `Died` is no Exception, as a kill is none: what
catches errors must not catch it.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event


class Died(BaseException):
    """The process is gone, as far as the code under test can tell."""


class Calls:
    """Counts calls, and lets the one numbered `fatal` die, or it and every so many after it.

    `after` lets a call do its work first.
    """

    def __init__(self) -> None:
        self.arm(None)

    def arm(self, fatal: int | None, *, every: int | None = None, after: bool = False) -> None:
        """Begin to count anew."""
        self.made = self.failed = 0
        self.fatal, self.every, self.after = fatal, every, after

    def is_fatal(self) -> bool:
        """Count one call more."""
        self.made += 1
        late = self.made - (self.fatal or self.made + 1)
        is_fatal = late % self.every == 0 if self.every and late >= 0 else late == 0
        self.failed += is_fatal
        return is_fatal


class Frail:
    """A room whose every call is counted and may be the last."""

    def __init__(self, room: Any, calls: Calls) -> None:
        self._room, self._calls = room, calls

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._room, name)
        return self._counted(found) if callable(found) else found

    def _counted(self, method: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            is_fatal = self._calls.is_fatal()
            if is_fatal and not self._calls.after:
                raise Died
            result = method(*arguments, **named)
            if is_fatal:
                raise Died
            return result

        return call


def count_statements(database: Engine, calls: Calls) -> None:
    """Let any statement of a transaction be the last, its commit too."""

    def before(*_: Any) -> None:
        if calls.is_fatal():
            raise Died

    event.listen(database, "before_cursor_execute", before)
    event.listen(database, "commit", before)


@contextmanager
def failing_files(calls: Calls) -> Iterator[None]:
    """Let the N-th folder that is listed, entry that is looked at or file that is opened fail, as a bad sector does."""
    scandir, open_file = os.scandir, os.open

    def listed(folder: Any) -> Any:
        _fail(calls)
        return [_FrailEntry(entry, calls) for entry in scandir(folder)]

    def opened(*arguments: Any, **named: Any) -> int:
        _fail(calls)
        return open_file(*arguments, **named)

    with patch("resources.library.scan.os", _Os(scandir=listed)), patch("resources.opening.os", _Os(open=opened)):
        yield


def _fail(calls: Calls) -> None:
    if calls.is_fatal():
        raise OSError(errno.EIO, os.strerror(errno.EIO))


class _Os:
    """The module `os` with some functions replaced."""

    def __init__(self, **replaced: Any) -> None:
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)


class _FrailEntry:
    """An entry of a folder, each look at which may fail."""

    def __init__(self, entry: "os.DirEntry[bytes]", calls: Calls) -> None:
        self._entry, self._calls = entry, calls
        self.name, self.path = entry.name, entry.path

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        _fail(self._calls)
        return self._entry.stat(follow_symlinks=follow_symlinks)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        _fail(self._calls)
        return self._entry.is_dir(follow_symlinks=follow_symlinks)

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        _fail(self._calls)
        return self._entry.is_file(follow_symlinks=follow_symlinks)

    def is_symlink(self) -> bool:
        _fail(self._calls)
        return self._entry.is_symlink()
