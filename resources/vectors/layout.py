"""Where the embedded index keeps what, and how a change of it stays whole when the process is killed.

    DIRECTORY/active                          the alias: one line, replaced in one step
    DIRECTORY/versions/VERSION/version.json   {"dimensions": d}
    DIRECTORY/versions/VERSION/shard/         the engine's own files
    DIRECTORY/versions/.creating-VERSION/     not a version yet; swept by the next try
    DIRECTORY/versions/.retired-*/            no version any more; swept by the next drop
    DIRECTORY/locks/VERSION.lock              see locks.py

What belongs here: paths and renames. What lies in a shard, and who may write, does not.
"""

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from resources.vectors.errors import UnknownVersion


@dataclass(frozen=True)
class Layout:
    """The paths below `directory`. Methods that change something want the version's lock held."""

    directory: Path

    def version(self, version: str) -> Path:
        """The folder of `version`, there or not."""
        return self.directory / "versions" / version

    def lock(self, version: str) -> Path:
        """The lock file of `version`."""
        return self.directory / "locks" / f"{version}.lock"

    def versions(self) -> list[str]:
        """The versions that are complete, sorted."""
        marks = self.directory.glob("versions/*/version.json")
        return sorted(mark.parent.name for mark in marks if not mark.parent.name.startswith("."))

    def dimensions(self, version: str) -> int:
        """The vector length of `version`; raises UnknownVersion."""
        if version not in self.versions():
            raise UnknownVersion(version, tuple(self.versions()))
        return int(json.loads((self.version(version) / "version.json").read_text())["dimensions"])

    def begin(self, version: str) -> Path:
        """An empty folder to make `version` in, cleared of what a killed try left."""
        staging = self.version(f".creating-{version}")
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        return staging

    def publish(self, version: str, dimensions: int) -> None:
        """Turn what was made in the `begin` folder into `version`, in one step."""
        _write(self.version(f".creating-{version}") / "version.json", json.dumps({"dimensions": dimensions}))
        self.replace(version)

    def replace(self, version: str) -> None:
        """Put the `begin` folder, which has all of a version, in the place of `version`, there or not."""
        staging = self.version(f".creating-{version}")
        if self.version(version).exists():
            self._bury(version)
        staging.rename(self.version(version))
        _sync_folder(staging.parent)
        self._sweep()

    def retire(self, version: str) -> None:
        """Take `version` away in one step, then delete its files and those of any killed drop."""
        self._bury(version)
        self._sweep()

    def _bury(self, version: str) -> None:
        grave = Path(tempfile.mkdtemp(prefix=".retired-", dir=self.version(version).parent))
        self.version(version).rename(grave / version)

    def _sweep(self) -> None:
        for retired in self.directory.glob("versions/.retired-*"):
            shutil.rmtree(retired, ignore_errors=True)

    def active(self) -> str | None:
        """The version the alias names, or None."""
        try:
            return (self.directory / "active").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None

    def point_to(self, version: str) -> None:
        """Make the alias name `version`: readers see the old name or the new one, never half of one."""
        fresh = self.directory / f".active-{os.getpid()}"
        _write(fresh, f"{version}\n")
        fresh.replace(self.directory / "active")
        _sync_folder(self.directory)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
