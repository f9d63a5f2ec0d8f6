"""Saving the searched version of the collection, for whoever asks: the weekly run or a person.

What is refused here, and in which words; how a snapshot is taken and proven is resources/vectors/snapshots.py.
"""

from pathlib import Path

from resources.errors import PhotoPlatformError
from resources.vectors.port import VectorIndex
from resources.vectors.snapshots import Snapshot, take


class CollectionRefused(PhotoPlatformError):
    """What was asked of the collection cannot or should not be done; the message says why and what to do."""


def save(index: VectorIndex, folder: Path, keep: int) -> Snapshot:
    """Take a proven snapshot of the searched version, and keep the latest `keep` of it.

    Raises CollectionRefused, VectorIndexError.
    """
    try:
        return take(index, searched(index), folder, keep)
    except OSError as error:
        raise unwritable(folder, error) from error


def searched(index: VectorIndex) -> str:
    """The version that is searched. Raises CollectionRefused where there is none."""
    version = index.active_version()
    if version is None:
        raise CollectionRefused("the collection is empty; run `photos ingest` first")
    return version


def unwritable(folder: Path, error: OSError) -> CollectionRefused:
    """An error of the file system in words."""
    reason = error.strerror or str(error)
    return CollectionRefused(f"{folder} cannot be written ({reason}); make room, or name another folder")
