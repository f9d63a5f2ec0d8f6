"""Walking a library root: which photo files lie below it now, by name and stat signature.

Only the file system is asked; nothing is opened, written or remembered here (the ledger remembers). Paths are bytes
throughout, because file names need not be UTF-8.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from resources.decoding.formats import is_photo_name
from resources.library.errors import RootUnavailable
from resources.library.siblings import Sidecars

# Folders in which NAS systems keep their own thumbnails.
SYSTEM_FOLDERS = frozenset({b"@eaDir", b"#recycle", b"lost+found"})


@dataclass(frozen=True, slots=True)  # slots: there may be a million of them
class FoundSidecar:
    """The file of XMP beside a photo that describes it; `path` is absolute."""

    path: bytes
    signature: str


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One regular file with a photo's extension; `path` is absolute."""

    path: bytes
    signature: str
    size_bytes: int
    mtime_ns: int
    sidecar: FoundSidecar | None = None


@dataclass
class Look:
    """What one walk over one root saw; `ignored` counts what is no photo and describes none: links, pipes, others.

    `unreadable` are the folders that could not be listed and the entries that could not be looked at. `began_at` is in
    Unix seconds.
    """

    root: bytes
    found: list[FoundFile] = field(default_factory=list)
    ignored: int = 0
    unreadable: list[bytes] = field(default_factory=list)
    began_at: float = field(default_factory=time.time)


def signature(stat: os.stat_result) -> str:
    """Changes whenever the bytes may have changed; equal on two looks means the file is at rest."""
    return f"{stat.st_dev}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"


def look_at(root: Path, *, without: Path | None = None) -> Look:
    """Walk `root`, leaving out hidden and system folders, links, and the folder `without` (our own state).

    Raises RootUnavailable when the root itself cannot be listed, so that an unmounted disk is never an empty library.
    """
    look = Look(root=os.fsencode(root.absolute()))
    skipped = os.fsencode(without.absolute()) if without else None
    try:
        _walk(look, look.root, skipped)
    except OSError as error:
        raise RootUnavailable(look.root, error.strerror or str(error)) from error
    return look


def _walk(look: Look, root: bytes, skipped: bytes | None) -> None:
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            if folder == root:
                raise
            look.unreadable.append(folder)
            continue
        folders.extend(_take(look, entries, skipped))


def _take(look: Look, entries: list[os.DirEntry[bytes]], skipped: bytes | None) -> Iterator[bytes]:
    """Note the photos among `entries`, with their sidecars, and yield the folders to walk next."""
    sidecars = Sidecars(entries)
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith(b".") and entry.name not in SYSTEM_FOLDERS and entry.path != skipped:
                    yield entry.path
            elif _is_photo(entry):
                look.found.append(_found(entry, sidecars))
            elif not sidecars.describes_a_photo(entry):
                look.ignored += 1
        except FileNotFoundError:
            continue  # gone between the listing and the look; the next scan tells
        except OSError:
            look.unreadable.append(entry.path)  # one bad sector is no reason to take no photo at all


def _is_photo(entry: os.DirEntry[bytes]) -> bool:
    # AppleDouble files (._IMG_1.jpg) carry a photo's extension and hold no photo.
    hidden = entry.name.startswith(b".")
    return not hidden and is_photo_name(entry.name) and entry.is_file(follow_symlinks=False)


def _found(entry: os.DirEntry[bytes], sidecars: Sidecars) -> FoundFile:
    stat = entry.stat(follow_symlinks=False)
    return FoundFile(entry.path, signature(stat), stat.st_size, stat.st_mtime_ns, _sidecar_of(entry, sidecars))


def _sidecar_of(entry: os.DirEntry[bytes], sidecars: Sidecars) -> FoundSidecar | None:
    found = sidecars.of(entry.name)
    try:
        return FoundSidecar(found.path, signature(found.stat(follow_symlinks=False))) if found else None
    except OSError:
        return None  # a photo is taken whatever became of its sidecar
