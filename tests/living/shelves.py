"""The photographer's side: folders of files to which anything may happen, and the memory of what they must still be.

Every change is a real one of the file system. What the platform makes of it is not known here.
"""

import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

FOLDERS = ("", "a", "a/b", "c")


@dataclass
class Shelves:
    """Roots below `home`. `untouched` holds what each file is: its bytes and modification time."""

    home: Path
    roots: list[Path]
    untouched: dict[Path, tuple[bytes, int]] = field(default_factory=dict)
    away: dict[Path, Path] = field(default_factory=dict)
    taken: int = 0

    @classmethod
    def below(cls, home: Path, names: tuple[str, ...] = ("one", "two")) -> "Shelves":
        roots = [home / name for name in names]
        for root in roots:
            root.mkdir(parents=True)
        return cls(home, roots)

    def mounted(self) -> list[Path]:
        """The roots that are there."""
        return [root for root in self.roots if root not in self.away]

    def files(self) -> list[Path]:
        """Every file that can be reached now, in order."""
        hidden = tuple(f"{place}/" for place in self.away)
        return sorted(path for path in self.untouched if not str(path).startswith(hidden))

    def contents(self) -> dict[bytes, list[str]]:
        """The paths of each content that can be reached now."""
        paths: dict[bytes, list[str]] = {}
        for path in self.files():
            paths.setdefault(path.read_bytes(), []).append(str(path))
        return paths

    def write(self, path: Path, content: bytes, *, dated_s: float | None = None) -> None:
        """Make a file or write over one, modified now or at `dated_s`; never with the signature that it had."""
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.stat().st_ctime_ns if path.exists() else None
        path.write_bytes(content)
        self._see_it_changed(path, before)
        if dated_s is not None:
            os.utime(path, (dated_s, dated_s))
        self._remember(path)

    def grow(self, path: Path) -> None:
        """Append, as a copy that is under way does."""
        self.write(path, path.read_bytes() + b"+")

    def touch(self, path: Path) -> None:
        """Another modification time, the same bytes."""
        before = path.stat().st_ctime_ns
        os.utime(path)
        self._see_it_changed(path, before)
        self._remember(path)

    def copy(self, source: Path, target: Path, *, with_times: bool) -> None:
        """Another file of the same bytes, of the same modification time or of now; over one that is there already."""
        if source == target:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        before = target.stat().st_ctime_ns if target.exists() else None
        (shutil.copy2 if with_times else shutil.copy)(source, target)
        if before is not None and not with_times:
            self._see_it_changed(target, before)
        self._remember(target)

    def move(self, source: Path, target: Path) -> None:
        """Rename a file, over another one if there is one."""
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        self.untouched[target] = self.untouched.pop(source)

    def move_folder(self, source: Path, target: Path) -> None:
        """Rename a folder with all that is in it; nothing where that cannot be."""
        if target.exists() or not source.is_dir() or target.is_relative_to(source):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
        for path in [path for path in self.untouched if path.is_relative_to(source)]:
            self.untouched[target / path.relative_to(source)] = self.untouched.pop(path)

    def delete(self, path: Path) -> None:
        """Unlink a file."""
        path.unlink()
        del self.untouched[path]

    def unmount(self, place: Path, *, leaves_folder: bool) -> None:
        """Take a root or a folder away, so that its place is empty or not there at all."""
        if not place.is_dir() or any(place.is_relative_to(gone) or gone.is_relative_to(place) for gone in self.away):
            return
        self.taken += 1
        self.away[place] = self.home / f"away-{self.taken}"
        place.rename(self.away[place])
        if leaves_folder:
            place.mkdir()

    def remount(self, place: Path) -> None:
        """Put back what was taken away, over the empty folder that it left or that was made since."""
        if place.exists():
            place.rmdir()
        place.parent.mkdir(parents=True, exist_ok=True)
        self.away.pop(place).rename(place)

    def is_away(self, path: Path) -> bool:
        """Whether the path lies where something was taken away."""
        return any(path.is_relative_to(place) for place in self.away)

    def found(self) -> dict[Path, tuple[bytes, int]]:
        """What the files that can be reached really are."""
        listed = (Path(folder) / name for root in self.roots for folder, _, names in os.walk(root) for name in names)
        return {path: _what_is(path) for path in listed}

    def expected(self) -> dict[Path, tuple[bytes, int]]:
        """What they must be."""
        return {path: self.untouched[path] for path in self.files()}

    def _remember(self, path: Path) -> None:
        self.untouched[path] = _what_is(path)

    @staticmethod
    def _see_it_changed(path: Path, before: int | None) -> None:
        """Two changes within one tick of the kernel's clock, a few milliseconds, would have one signature."""
        while path.stat().st_ctime_ns == before:
            time.sleep(0.001)
            os.utime(path)


def _what_is(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), path.stat().st_mtime_ns
