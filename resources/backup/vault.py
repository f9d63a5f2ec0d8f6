"""Where backups lie: one folder with every content once, and a manifest for each backup.

    DIRECTORY/backups/20261123T023000.jsonl   a complete backup, there from one moment to the next
    DIRECTORY/objects/ab/abcdef...            a file's content, by its SHA-256
    DIRECTORY/unfinished/                     what a killed backup left; swept by the next

A content is trusted only if a complete backup names it: what a crash of the machine tore is written again.
What belongs here: files and their digests. What a backup is of stands in manifest.py and above this room.
"""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from resources.backup.errors import BackupDamaged, BackupUnderWay, BackupUnwritable, NoBackup
from resources.backup.manifest import Entry, read_entries
from resources.opening import opened

_BLOCK_BYTES = 1 << 20
_TARGETS_OWN = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PARTS = {"backups", "objects", "unfinished", "lock"}


class Vault:
    """The backups in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._backups, self._unfinished = directory / "backups", directory / "unfinished"

    @contextmanager
    def writing(self) -> Iterator[Path]:
        """Be the only one to write here; gives an empty folder for unfinished files, gone afterwards.

        Raises BackupUnderWay, and BackupUnwritable for any OSError inside too.
        """
        try:
            self._prepare()
            with (self._directory / "lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise BackupUnderWay(self._directory) from None
                shutil.rmtree(self._unfinished, ignore_errors=True)
                self._unfinished.mkdir()
                try:
                    yield self._unfinished
                finally:
                    shutil.rmtree(self._unfinished, ignore_errors=True)
        except OSError as error:
            raise BackupUnwritable(self._directory, error.strerror or str(error)) from error

    def backups(self) -> list[Path]:
        """The manifests of the complete backups, the oldest first."""
        return sorted(self._backups.glob("*.jsonl"))

    def take(self, file: Path, path: str) -> Entry:
        """Take a file of `unfinished` over as the content of `path`."""
        with file.open("rb") as source:
            sha256 = hashlib.file_digest(source, "sha256").hexdigest()
        about = file.stat()
        self._place(file, sha256)
        return Entry(path, sha256, about.st_size, about.st_mtime_ns)

    def copy(self, source: BinaryIO, path: str) -> Entry:
        """Take in what an open file holds, as the content of `path`."""
        copied, mtime_ns = self._unfinished / "copy", os.fstat(source.fileno()).st_mtime_ns
        with copied.open("wb") as target:
            sha256 = _copy(source, target)
        size_bytes = copied.stat().st_size
        self._place(copied, sha256)
        return Entry(path, sha256, size_bytes, mtime_ns)

    def has(self, entry: Entry) -> bool:
        """Whether the content is there, by its size; `fetch` looks at the bytes."""
        try:
            return self._object(entry.sha256).stat().st_size == entry.size_bytes
        except FileNotFoundError:
            return False

    def complete(self, manifest: Path, name: str) -> Path:
        """Make what was written a backup, now that the disk has all of it."""
        self._backups.mkdir(exist_ok=True)
        os.sync()  # once for millions of files, where one call for each would take hours
        return manifest.replace(self._backups / f"{name}.jsonl")

    def fetch(self, entry: Entry, target: Path | None) -> None:
        """Copy a content to `target`, or only look at every byte of it. Raises BackupDamaged, OSError of the target."""
        path, is_whole = self._object(entry.sha256), False
        with (target or Path(os.devnull)).open("wb") as copied:
            try:
                with opened(bytes(path)) as source:
                    if os.fstat(source.fileno()).st_size == entry.size_bytes:
                        is_whole = _copy(source, copied) == entry.sha256
            except OSError as error:
                if error.errno in _TARGETS_OWN:
                    raise
                raise BackupDamaged(path, f"the content of {entry.path} cannot be read") from error
        if not is_whole:
            raise BackupDamaged(path, f"the content of {entry.path} is not what was saved")
        if target:
            os.utime(target, ns=(entry.mtime_ns, entry.mtime_ns))

    def keep(self, latest: int) -> None:
        """Remove all backups but these many, and what no other one needs."""
        for manifest in self.backups()[:-latest]:
            manifest.unlink()
        needed = {entry.sha256 for manifest in self.backups() for entry in read_entries(manifest)}
        for path in self._directory.glob("objects/*/*"):
            if path.name not in needed:
                path.unlink()

    def _prepare(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        foreign = {path.name for path in self._directory.iterdir()} - _PARTS
        if foreign:
            reason = f"it holds what is no backup ({sorted(foreign)[0]})"
            raise BackupUnwritable(self._directory, reason)

    def _place(self, file: Path, sha256: str) -> None:
        path = self._object(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        file.replace(path)

    def _object(self, sha256: str) -> Path:
        return self._directory / "objects" / sha256[:2] / sha256


def newest_backup(where: Path) -> tuple[Vault, Path]:
    """The vault and the manifest that `where` names: a folder's newest, or one by its own path. Raises NoBackup."""
    if where.is_file() and where.parent.name == "backups":
        return Vault(where.parent.parent), where
    vault = Vault(where)
    if not vault.backups():
        raise NoBackup(where)
    return vault, vault.backups()[-1]


def _copy(source: BinaryIO, target: BinaryIO) -> str:
    """Copy and return the SHA-256 of what was copied."""
    sha256 = hashlib.sha256()
    while block := source.read(_BLOCK_BYTES):
        sha256.update(block)
        target.write(block)
    return sha256.hexdigest()
