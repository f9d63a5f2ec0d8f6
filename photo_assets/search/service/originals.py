"""Originals, for a service that may give them out: which file it is, and its bytes.

A file is given out only if the ledger says that it holds the photo, if it leads nowhere but below one of the library's
roots, if it is a regular file, and if it still is the one that was ingested.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from photo_assets.search.errors import NoSuchPhoto
from resources.library.ledger import Ledger
from resources.library.scan import signature
from resources.opening import opened

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Original:
    """An open file; read its blocks once, which closes it. `name` is for a person to save it under."""

    name: str
    size_bytes: int
    file: BinaryIO
    closing: ExitStack

    def blocks(self) -> Iterator[bytes]:
        """The bytes, as many as were announced."""
        left = self.size_bytes
        with self.closing:
            while block := self.file.read(min(left, _BLOCK_BYTES)):
                left -= len(block)
                yield block


@dataclass(frozen=True)
class Originals:
    """The files of one library."""

    ledger: Ledger
    roots: list[Path]

    def open(self, photo_id: str) -> Original:
        """The first file that holds the photo and can be given out. Raises NoSuchPhoto."""
        for path, seen in self.ledger.files_holding(photo_id):
            if found := self._opened(path, seen):
                return found
        raise NoSuchPhoto(photo_id)

    def _opened(self, path: bytes, seen: str) -> Original | None:
        real = Path(os.fsdecode(path)).resolve()
        if not any(real.is_relative_to(root.resolve()) for root in self.roots):
            return None
        with ExitStack() as stack:
            try:
                file = stack.enter_context(opened(os.fsencode(real)))
            except OSError:  # gone, or no regular file any more
                return None
            about = os.fstat(file.fileno())
            if signature(about) == seen:
                return Original(real.name.encode(errors="replace").decode(), about.st_size, file, stack.pop_all())
        return None
