"""A backup's manifest: what it consists of, line by line as JSON, and the line that proves it whole.

The first line says what the backup is of, each further one names a file with its SHA-256, the last one has the SHA-256
of all before it. What it says comes from a disk that anybody may have written to, so nothing of it is believed
unseen: paths stay below the known folders, and every digest is one. Where files lie is vault.py's.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from resources.backup.errors import BackupDamaged

FORMAT = 1
_LINE_BYTES = 100_000  # far beyond any line of ours
FOLDERS = ("collection", "ledger", "previews", "tables")
_PATH = re.compile(rf"(?:{'|'.join(FOLDERS)})(?:/[A-Za-z0-9_][A-Za-z0-9._-]{{0,254}}){{1,6}}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Entry:
    """One file of the backup: its path below PHOTO_DATA, its content, and when that was last changed."""

    path: str
    sha256: str
    size_bytes: int
    mtime_ns: int

    def place(self) -> list[str]:
        """What entries are in order of."""
        return self.path.split("/")


class Writer:
    """Writes a manifest to `file`; it counts only with the last line, which `end` writes."""

    def __init__(self, file: BinaryIO, header: dict[str, Any]) -> None:
        self._file, self._sha256, self._entries = file, hashlib.sha256(), 0
        self._line({"format": FORMAT} | header)

    def add(self, entry: Entry) -> None:
        """Write down one file. They come in the order of `Entry.place`."""
        self._line(asdict(entry))
        self._entries += 1

    def end(self) -> None:
        """Write what proves the rest."""
        self._line({"entries": self._entries, "sha256": self._sha256.hexdigest()})

    def _line(self, content: dict[str, Any]) -> None:
        line = json.dumps(content).encode() + b"\n"
        self._sha256.update(line)
        self._file.write(line)


def read_header(path: Path) -> dict[str, Any]:
    """What the backup is of. Raises BackupDamaged."""
    with path.open("rb") as file:
        header = _json(path, file.readline(_LINE_BYTES))
    if header.get("format") != FORMAT:
        raise BackupDamaged(path, f"its format is {header.get('format')!r} and this version reads {FORMAT}")
    return header


def read_entries(path: Path) -> Iterator[Entry]:
    """The files of the backup in their order, one at a time. Raises BackupDamaged, at the end too."""
    before: list[str] = []
    for line in _proven(path):
        entry = _entry(path, line)
        if entry.place() <= before:
            raise BackupDamaged(path, f"{entry.path} is out of order")
        before = entry.place()
        yield entry


def _proven(path: Path) -> Iterator[bytes]:
    """The lines between the first and the last, each a while after it was read. Raises BackupDamaged."""
    sha256, entries, held = hashlib.sha256(), -1, b""
    with path.open("rb") as file:
        for line in iter(partial(file.readline, _LINE_BYTES), b""):
            if held:
                sha256.update(held)
                if entries >= 0:
                    yield held
                entries += 1
            held = line
    if _json(path, held or b"null") != {"entries": entries, "sha256": sha256.hexdigest()}:
        raise BackupDamaged(path, "it was cut off or changed")


def can_hold(path: str) -> bool:
    """Whether a backup may have a file of this path in it."""
    return _PATH.fullmatch(path) is not None


def _entry(path: Path, line: bytes) -> Entry:
    try:
        entry = Entry(**_json(path, line))
        numbers = (entry.size_bytes, entry.mtime_ns)
        is_ours = can_hold(entry.path) and _SHA256.fullmatch(entry.sha256)
        if is_ours and all(type(number) is int and 0 <= number < 2**63 for number in numbers):
            return entry
    except TypeError:  # other fields, or of other types
        pass
    raise BackupDamaged(path, "it names what no backup of this platform has in it")


def _json(path: Path, line: bytes) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise BackupDamaged(path, "it is no manifest of a backup")
    return content


class Earlier:
    """Looks files up in an earlier backup, in the same order as that is written: it holds one entry at a time."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = iter(entries)
        self._next = next(self._entries, None)

    def unchanged(self, path: str, size_bytes: int, mtime_ns: int) -> Entry | None:
        """The entry of this path if size and time are the same."""
        place = path.split("/")
        while self._next and self._next.place() < place:
            self._next = next(self._entries, None)
        found = self._next
        return (
            found if found and (found.path, found.size_bytes, found.mtime_ns) == (path, size_bytes, mtime_ns) else None
        )
