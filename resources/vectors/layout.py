"""Where the embedded index keeps what, and how a change of it stays whole when the process is killed.

    DIRECTORY/active                          the alias: one line, replaced in one step
    DIRECTORY/versions/VERSION/version.json   {"dimensions": d}
    DIRECTORY/versions/VERSION/shard/         the engine's own files
    DIRECTORY/versions/VERSION/written        changes with every opening that writes
    DIRECTORY/versions/VERSION/built          what `written` was when the search graph was built, and how
    DIRECTORY/versions/.building-VERSION/     a copy whose graph is being built; swept by the next try
    DIRECTORY/versions/.creating-VERSION/     not a version yet; swept by the next try
    DIRECTORY/versions/.retired-*/            no version any more; swept by the next drop
    DIRECTORY/locks/VERSION.lock              see locks.py

What belongs here: paths and renames. What lies in a shard, and who may write, does not.
"""

import json
import os
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from resources.vectors.errors import UnknownVersion
from resources.vectors.exchange import exchanged


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
        return self._emptied(f".creating-{version}")

    def begin_building(self, version: str) -> Path:
        """The same for a copy of `version`, which is searched and written meanwhile."""
        return self._emptied(f".building-{version}")

    def publish(self, version: str, dimensions: int) -> None:
        """Turn what was made in the `begin` folder into `version`, in one step."""
        _write(self.version(f".creating-{version}") / "version.json", json.dumps({"dimensions": dimensions}))
        self.replace(version, self.version(f".creating-{version}"))

    def replace(self, version: str, staging: Path) -> None:
        """Put the folder `staging`, which has all of a version, in the place of `version`, there or not."""
        place = self.version(version)
        if place.exists() and exchanged(staging, place):
            self._bury(staging)
        else:
            if place.exists():
                self._bury(place)
            staging.rename(place)
        _sync_folder(place.parent)
        self._sweep()

    def mark_written(self, version: str) -> None:
        """Tell that the points of `version` are about to change."""
        (self.version(version) / "written").write_text(uuid.uuid4().hex)

    def written(self, folder: Path) -> str:
        """What `mark_written` left in the folder of a version, or of a copy of one."""
        return _text(folder / "written") or ""

    def is_built(self, version: str, how: str) -> bool:
        """Whether the graph has been built so since the points last changed."""
        folder = self.version(version)
        return _text(folder / "built") == _built(self.written(folder), how)

    def mark_built(self, folder: Path, how: str) -> None:
        """Tell that the graph in the folder of a version has been built."""
        _write(folder / "built", _built(self.written(folder), how))

    def retire(self, version: str) -> None:
        """Take `version` away in one step, then delete its files and those of any killed drop."""
        self._bury(self.version(version))
        self._sweep()

    def _emptied(self, name: str) -> Path:
        folder = self.version(name)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _bury(self, folder: Path) -> None:
        grave = Path(tempfile.mkdtemp(prefix=".retired-", dir=folder.parent))
        folder.rename(grave / folder.name)

    def _sweep(self) -> None:
        for retired in self.directory.glob("versions/.retired-*"):
            shutil.rmtree(retired, ignore_errors=True)

    def active(self) -> str | None:
        """The version the alias names, or None."""
        return _text(self.directory / "active")

    def point_to(self, version: str) -> None:
        """Make the alias name `version`: readers see the old name or the new one, never half of one."""
        fresh = self.directory / f".active-{os.getpid()}"
        _write(fresh, f"{version}\n")
        fresh.replace(self.directory / "active")
        _sync_folder(self.directory)


def _built(written: str, how: str) -> str:
    return f"{written} {how}".strip()


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


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
