"""A picture that somebody searches by: any file at all, decoded as carefully as a photo of the library.

What belongs here: from a file's bytes to the JPEG that the model embeds. What is searched with it is searching.py's.
"""

import hashlib
import os
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from photo_assets.search.errors import SearchError
from resources.decoding.pool import DecodeRequest, DecodingPool
from resources.decoding.previews import PreviewStore
from resources.library.identity import photo_id
from resources.opening import opened


class QueryPictures:
    """Decodes in a worker process that stays warm, one picture at a time, in a folder that is gone afterwards."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="photos-query-")
        self._previews = PreviewStore(Path(self._folder.name))
        self._pool = DecodingPool(self._previews, workers=1)
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.__exit__(kind, error, trace)
        self._folder.cleanup()

    def preview_of(self, content: bytes) -> bytes:
        """The picture in this file as a JPEG. Raises SearchError with the reason why there is none."""
        sha256 = hashlib.sha256(content).hexdigest()
        with self._one_at_a_time, tempfile.NamedTemporaryFile(dir=self._folder.name) as file:
            file.write(content)
            file.flush()
            (result,) = self._pool.decode([DecodeRequest(photo_id(sha256), os.fsencode(file.name), sha256)])
            if result.status != "ok":
                raise SearchError(f"the picture cannot be searched by: {result.error_message}")
            return self._taken(result.photo_id)

    def _taken(self, photo_id: str) -> bytes:
        preview = self._previews.read_preview(photo_id)
        self._previews.preview_path(photo_id).unlink()
        self._previews.thumbnail_path(photo_id).unlink()
        return preview


def preview_of(path: Path) -> bytes:
    """The picture in the file at `path` as a JPEG. Raises SearchError."""
    content = content_of(path)
    with QueryPictures() as pictures:
        return pictures.preview_of(content)


def content_of(path: Path) -> bytes:
    """The file's bytes. Raises SearchError."""
    try:
        with opened(bytes(path.resolve())) as file:
            return file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SearchError(f"{path}: {reason}; name a photo that can be read") from error
