"""Walking a library root: which photo files lie below it now, by name and stat signature.

Only the file system is asked; nothing is opened, written or remembered here (the ledger remembers). Paths are bytes
throughout, because file names need not be UTF-8. A walk goes in the order of the paths' bytes and comes in portions, so
that a million files never are in memory at once and a walk that had to stop goes on where it was.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from resources.decoding.formats import is_photo_name
from resources.library.errors import RootUnavailable
from resources.library.patterns import EVERYTHING, Patterns
from resources.library.siblings import Sidecars

# Folders in which NAS systems keep their own thumbnails.
SYSTEM_FOLDERS = frozenset({b"@eaDir", b"#recycle", b"lost+found"})

# Entries in a portion: about a tenth of a second, and a few megabytes.
PORTION = 10_000

_MOST_NS = 2**63 - 1


class FoundSidecar(NamedTuple):
    """The file of XMP beside a photo that describes it; `path` is absolute."""

    path: bytes
    signature: str


class FoundFile(NamedTuple):
    """One regular file with a photo's extension; `path` is absolute."""

    path: bytes
    signature: str
    size_bytes: int
    mtime_ns: int
    sidecar: FoundSidecar | None = None


@dataclass
class Portion:
    """What a walk saw after the path `after` and up to `until`; None: up to the root's end.

    `skipped` counts what is no photo and describes none, by why; `unreadable` are the folders that could not be listed
    and the entries that could not be looked at, `not_entered` those that are left out. `began_at` is in Unix seconds.
    """

    after: bytes = b""
    until: bytes | None = None
    found: list[FoundFile] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    unreadable: list[bytes] = field(default_factory=list)
    not_entered: list[bytes] = field(default_factory=list)
    began_at: float = field(default_factory=time.time)


def signature(stat: os.stat_result) -> str:
    """Changes whenever the bytes may have changed; equal on two looks means the file is at rest.

    Without the device's number, which a disk does not keep from one mount to the next.
    """
    return f"{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"


def mtime_ns(stat: os.stat_result) -> int:
    """The modification time in nanoseconds since 1970, in 64 bits; a disk may name years that do not fit."""
    return max(-_MOST_NS, min(stat.st_mtime_ns, _MOST_NS))


def moved_signature(signature: str) -> str:
    """What of a signature stays when a file is renamed: all but the time of the latest change of its entry."""
    return signature.rpartition(":")[0]


def device_of(root: Path) -> int:
    """The file system that the root lies on now. Raises RootUnavailable."""
    return _stat_of(root).st_dev


def folder_of(root: Path) -> str:
    """Which folder stands at the root's path now: not the same one with a disk and without. Raises RootUnavailable."""
    stat = _stat_of(root)
    return f"{stat.st_dev}:{stat.st_ino}"


def _stat_of(root: Path) -> os.stat_result:
    try:
        return root.stat()
    except OSError as error:
        raise RootUnavailable(os.fsencode(root), error.strerror or str(error)) from error


def walk(
    root: Path,
    *,
    without: Path | None = None,
    patterns: Patterns = EVERYTHING,
    after: bytes = b"",
    portion_size: int = PORTION,
) -> Iterator[Portion]:
    """Walk `root` from the path `after` on, leaving out hidden and system folders, links, and our own state `without`.

    Raises RootUnavailable when the root itself cannot be listed, so that an unmounted disk is never an empty library.
    """
    walked = _Walk(os.fsencode(root.absolute()), os.fsencode(without.absolute()) if without else None, patterns, after)
    try:
        yield from walked.portions(portion_size)
    except OSError as error:
        raise RootUnavailable(walked.root, error.strerror or str(error)) from error


class _Walk:
    """One walk under way: the portion that is being filled, and what is left out."""

    def __init__(self, root: bytes, without: bytes | None, patterns: Patterns, after: bytes) -> None:
        self.root = root
        self._without, self._patterns, self._after = without, patterns, after
        self._takes_all = patterns == EVERYTHING  # matching a million names takes seconds
        self._portion = Portion(after)

    def portions(self, size: int) -> Iterator[Portion]:
        for entries, path in enumerate(self._files(), start=1):
            if entries % size == 0:
                self._portion.until = path
                yield self._portion
                self._portion = Portion(path)
        yield self._portion

    def _files(self) -> Iterator[bytes]:
        """The path of every entry that is no folder, in byte order; what it is was noted in the portion."""
        folders = [self._listed(self.root)]
        while folders:
            step = next(folders[-1], None)
            if step is None:
                folders.pop()
            elif step[1]:
                folders.append(self._listed(step[0]))
            else:
                yield step[0]

    def _listed(self, folder: bytes) -> Iterator[tuple[bytes, bool]]:
        """Each entry's path and whether it is a folder to walk, in the order of the paths below them."""
        try:
            entries = list(os.scandir(folder))
        except OSError:
            if folder == self.root:
                raise
            self._portion.unreadable.append(folder)
            return
        sidecars = Sidecars(entries)
        folders = {entry.name for entry in entries if _is_folder(entry)}
        # A folder's files come where its name with a "/" would; the list is emptied as it is read, to save memory.
        entries.sort(key=lambda entry: entry.name + b"/" if entry.name in folders else entry.name, reverse=True)
        while entries:
            entry = entries.pop()
            is_folder = entry.name in folders
            if self._is_before_start(entry.path, is_folder):
                continue
            if not is_folder:
                self._note(entry, sidecars)
                yield entry.path, False
            elif self._is_entered(entry):
                yield entry.path, True
            else:
                self._portion.not_entered.append(entry.path)

    def _is_before_start(self, path: bytes, is_folder: bool) -> bool:
        inside = path + b"/"
        return path <= self._after if not is_folder else inside < self._after and not self._after.startswith(inside)

    def _is_entered(self, entry: "os.DirEntry[bytes]") -> bool:
        is_ours = entry.path == self._without or entry.name.startswith(b".") or entry.name in SYSTEM_FOLDERS
        return not is_ours and self._patterns.enters(self._relative(entry))

    def _note(self, entry: "os.DirEntry[bytes]", sidecars: Sidecars) -> None:
        try:
            reason = self._why_skipped(entry, sidecars)
            if reason is None:
                self._portion.found.append(_found(entry, sidecars))
            elif reason:
                self._portion.skipped[reason] += 1
        except FileNotFoundError:
            return  # gone between the listing and the look; the next scan tells
        except OSError:
            self._portion.unreadable.append(entry.path)  # one bad sector is no reason to take no photo at all

    def _why_skipped(self, entry: "os.DirEntry[bytes]", sidecars: Sidecars) -> str | None:
        """Why the entry is no photo of ours; None for a photo, an empty text for a photo's sidecar."""
        # AppleDouble files (._IMG_1.jpg) carry a photo's extension and hold no photo.
        if entry.name.startswith(b"."):
            return "hidden"
        if entry.is_symlink():
            return "links"
        if is_photo_name(entry.name):
            if not entry.is_file(follow_symlinks=False):
                return "not regular files"
            return None if self._takes_all or self._patterns.takes(self._relative(entry)) else "left out by pattern"
        return "" if sidecars.describes_a_photo(entry) else "other files"

    def _relative(self, entry: "os.DirEntry[bytes]") -> bytes:
        return entry.path[len(self.root.rstrip(b"/")) + 1 :]


def _is_folder(entry: "os.DirEntry[bytes]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False  # looking at it as a file will tell


def _found(entry: "os.DirEntry[bytes]", sidecars: Sidecars) -> FoundFile:
    stat = entry.stat(follow_symlinks=False)
    return FoundFile(entry.path, signature(stat), stat.st_size, mtime_ns(stat), _sidecar_of(entry, sidecars))


def _sidecar_of(entry: "os.DirEntry[bytes]", sidecars: Sidecars) -> FoundSidecar | None:
    found = sidecars.of(entry.name)
    try:
        return FoundSidecar(found.path, signature(found.stat(follow_symlinks=False))) if found else None
    except OSError:
        return None  # a photo is taken whatever became of its sidecar
