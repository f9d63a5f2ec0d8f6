"""Taking a folder's files into a backup, only those that are new or changed.

The files are such as are replaced whole and never written in place, so a copy is of one moment although others write
meanwhile; those of another name are theirs who write. What the files mean is not known here.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from resources.backup.manifest import Earlier, Entry, can_hold
from resources.backup.vault import Vault
from resources.opening import IrregularFile, opened


def saved(vault: Vault, data: Path, folder: str, suffix: str, earlier: Earlier) -> Iterator[tuple[Entry, bool]]:
    """Each file below DATA/FOLDER whose name ends so, in the manifest's order, and whether it had to be copied."""
    for path in _files(data / folder, suffix):
        name = path.relative_to(data).as_posix()
        if can_hold(name):
            with suppress(FileNotFoundError, IrregularFile):  # taken away since it was listed
                about = path.lstat()
                entry = earlier.unchanged(name, about.st_size, about.st_mtime_ns)
                is_there = entry is not None and vault.has(entry)
                yield (entry, False) if entry and is_there else (_copied(vault, path, name), True)


def _copied(vault: Vault, path: Path, name: str) -> Entry:
    with opened(bytes(path)) as file:
        return vault.copy(file, name)


def _files(folder: Path, suffix: str) -> Iterator[Path]:
    """Folders and files by name together: the order of `Entry.place`."""
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        for entry in sorted(found, key=lambda each: each.name):
            path = folder / entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from _files(path, suffix)
            elif path.suffix == suffix:
                yield path
