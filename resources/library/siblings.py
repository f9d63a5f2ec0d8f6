"""Which file of a folder is which photo's sidecar, by name alone.

Two habits: `IMG_1.jpg.xmp` (darktable, digiKam) belongs to that file, `IMG_1.xmp` (Lightroom) to every photo of that
stem. Where both exist, the longer name wins. Nothing is opened here.
"""

import os
from collections.abc import Sequence

from resources.decoding.formats import is_photo_name

_EXTENSION = b".xmp"


class Sidecars:
    """The sidecars of one folder."""

    def __init__(self, entries: Sequence["os.DirEntry[bytes]"]) -> None:
        found = (entry for entry in entries if _is_sidecar(entry))
        self._by_described = {entry.name[: -len(_EXTENSION)]: entry for entry in found}
        self._described = _names_described(entries) if self._by_described else frozenset()

    def of(self, photo_name: bytes) -> "os.DirEntry[bytes] | None":
        """The sidecar of the photo of this name, or None."""
        if not self._by_described:  # as in nearly every folder; splitting a million names takes a second
            return None
        stem = os.path.splitext(photo_name)[0]  # noqa: PTH122
        return self._by_described.get(photo_name) or self._by_described.get(stem)

    def describes_a_photo(self, entry: "os.DirEntry[bytes]") -> bool:
        """Say whether this entry is a sidecar of a photo beside it."""
        described = entry.name[: -len(_EXTENSION)]
        return self._by_described.get(described) is entry and described in self._described


def _is_sidecar(entry: "os.DirEntry[bytes]") -> bool:
    if not entry.name.lower().endswith(_EXTENSION) or entry.name.startswith(b"."):
        return False
    try:
        return entry.is_file(follow_symlinks=False)
    except OSError:
        return False  # the folder's photos are taken whatever became of one sidecar


def _names_described(entries: Sequence["os.DirEntry[bytes]"]) -> frozenset[bytes]:
    """The names that a sidecar may have without its extension: the photos' own, and their stems."""
    photos = [entry.name for entry in entries if is_photo_name(entry.name)]
    return frozenset(photos) | {os.path.splitext(name)[0] for name in photos}  # noqa: PTH122
