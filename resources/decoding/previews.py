"""Where previews and thumbnails lie, and how they get there whole or not at all.

What belongs here: the paths, atomic writing, reading back, and sweeping what a killed worker left behind.
What does not: making the JPEGs. Everything after decoding reads these files and never an original.
"""

import os
import re
import tempfile
import time
from pathlib import Path

_PHOTO_ID = re.compile(r"[0-9a-f]{4}[0-9a-f-]*")
_STRAY_AGE_S = 3600.0  # far beyond any deadline: a younger file may belong to a worker of another run


class PreviewStore:
    """A directory of JPEGs named by photo id, two per photo, in shards of 256 x 256 folders."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        # One folder for unfinished files instead of a suffix beside the finished ones: sweeping is then one
        # listing and not a walk over every preview of the collection. Same file system, so renames stay atomic.
        self._unfinished = directory / "unfinished"

    def preview_path(self, photo_id: str) -> Path:
        """Return where the preview of a photo lies or would lie; ValueError if the id is not lower-case hex."""
        return self._path("previews", photo_id)

    def thumbnail_path(self, photo_id: str) -> Path:
        """Return where the thumbnail of a photo lies or would lie; ValueError if the id is not lower-case hex."""
        return self._path("thumbnails", photo_id)

    def has(self, photo_id: str) -> bool:
        """Say whether both files of a photo are there; being there means being whole."""
        return self.preview_path(photo_id).is_file() and self.thumbnail_path(photo_id).is_file()

    def read_preview(self, photo_id: str) -> bytes:
        """Return the preview as JPEG bytes; FileNotFoundError if the photo was not decoded."""
        return self.preview_path(photo_id).read_bytes()

    def write(self, photo_id: str, preview: bytes, thumbnail: bytes) -> None:
        """Store both JPEGs, replacing earlier ones; the preview comes last, so its presence means both are there."""
        self._write_whole(self.thumbnail_path(photo_id), thumbnail)
        self._write_whole(self.preview_path(photo_id), preview)

    def sweep(self) -> int:
        """Delete unfinished files older than an hour and return how many there were."""
        oldest_kept_s = time.time() - _STRAY_AGE_S
        strays = [path for path in self._unfinished.glob("*.part") if _modified_s(path) < oldest_kept_s]
        for stray in strays:
            stray.unlink(missing_ok=True)
        return len(strays)

    def _path(self, kind: str, photo_id: str) -> Path:
        if not _PHOTO_ID.fullmatch(photo_id):
            raise ValueError(f"{photo_id!r} is not a photo id: lower-case hexadecimal digits and hyphens only")
        return self._directory / kind / photo_id[:2] / photo_id[2:4] / f"{photo_id}.jpg"

    def _write_whole(self, path: Path, content: bytes) -> None:
        self._unfinished.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, unfinished = tempfile.mkstemp(dir=self._unfinished, suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o644)  # mkstemp's 0600 would hide the preview from the search page
            Path(unfinished).replace(path)
        finally:
            Path(unfinished).unlink(missing_ok=True)


def _modified_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # finished or swept by another run between the listing and this look
        return float("inf")
