"""Saving the searched version of the collection, for whoever asks: the weekly run or a person.

What is refused here, and in which words; how a snapshot is taken and proven is resources/vectors/snapshots.py.
"""

from pathlib import Path

from photo_assets.steps.true_vectors import unlike_vectors
from photo_assets.steps.truth import compare, told_by_tables
from resources.errors import PhotoPlatformError
from resources.library.ledger import Ledger
from resources.tables.store import TableStore
from resources.vectors.port import VectorIndex
from resources.vectors.snapshots import Snapshot, take


class CollectionRefused(PhotoPlatformError):
    """What was asked of the collection cannot or should not be done; the message says why and what to do."""


def save(
    index: VectorIndex, ledger: Ledger, tables: TableStore, folder: Path, keep: int, *, force: bool = False
) -> Snapshot:
    """Take a proven snapshot of the searched version, and keep the latest `keep` of it.

    One with anything wrong, vectors included, is saved only with `force`, and then none that is there is removed.
    Raises CollectionRefused, VectorIndexError.
    """
    version = searched(index)
    if not force:
        _check(index, ledger, tables, version)
    try:
        return take(index, version, folder, 0 if force else keep)
    except OSError as error:
        raise unwritable(folder, error) from error


def _check(index: VectorIndex, ledger: Ledger, tables: TableStore, version: str) -> None:
    unlike = unlike_vectors(index, ledger, version, tables)
    found = compare(index, ledger, version, told_by_tables(tables), unlike)
    if found.is_wrong:
        raise CollectionRefused(
            f"{version} is not what ledger and tables say ({found.told()}), and its snapshot would in time take the "
            "place of a good one; none was taken. Run `photos collection repair --vectors` first, or "
            "`photos collection snapshot --force`, which keeps all earlier ones."
        )


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
