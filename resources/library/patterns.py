"""Which files and folders of a root a person wants taken, by patterns.

A pattern without a "/" is of a name, of a file or folder anywhere; one with a "/" is of the whole path below the root.
`*`, `?` and `[...]` are the shell's, and `*` crosses folders. Case counts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import translate


@dataclass(frozen=True)
class Patterns:
    """What is taken: files that match one of `include` (all, where there is none) and nothing of `exclude`."""

    include: tuple[re.Pattern[bytes], ...] = ()
    exclude: tuple[re.Pattern[bytes], ...] = ()

    @classmethod
    def of(cls, include: Sequence[str], exclude: Sequence[str]) -> "Patterns":
        """From the patterns as a person writes them."""
        return cls(tuple(map(_compiled, include)), tuple(map(_compiled, exclude)))

    def enters(self, folder: bytes) -> bool:
        """Say whether to walk a folder, by its path below the root."""
        return not _matches(self.exclude, folder)

    def takes(self, file: bytes) -> bool:
        """Say whether to take a file of a folder that is walked, by its path below the root."""
        is_included = not self.include or any(_matches(self.include, part) for part in _with_folders(file))
        return is_included and not _matches(self.exclude, file)


EVERYTHING = Patterns()


def _compiled(pattern: str) -> re.Pattern[bytes]:
    # Every path is matched with a "/" before it, so that a name may also stand at the root.
    anchored = f"/{pattern.strip('/')}" if "/" in pattern else f"*/{pattern}"
    return re.compile(translate(anchored).encode())


def _matches(patterns: Sequence[re.Pattern[bytes]], path: bytes) -> bool:
    return any(pattern.match(b"/" + path) for pattern in patterns)


def _with_folders(file: bytes) -> list[bytes]:
    """A file is included by its own path or by that of a folder it lies in."""
    parts = file.split(b"/")
    return [b"/".join(parts[:count]) for count in range(1, len(parts) + 1)]
