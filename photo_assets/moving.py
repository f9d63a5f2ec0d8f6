"""Snapshots of the collection taken and brought back, and the embedded collection moved to a server.

What the commands of collection_commands.py do; how a snapshot is proven and a version is sent stands in
resources/vectors.
"""

from collections.abc import Callable
from pathlib import Path

from photo_assets.collection_lock import only_writer
from photo_assets.definitions import open_resource
from photo_assets.ingest_lock import only_ingest
from photo_assets.settings import Settings
from photo_assets.steps.saving import CollectionRefused, save, searched, unwritable
from resources.tables.store import TableStore
from resources.vectors.open import open_index
from resources.vectors.pushing import Pushed, push
from resources.vectors.snapshots import Snapshot, version_in


def snapshot(settings: Settings, to: Path | None = None, *, force: bool = False) -> Snapshot:
    """Take a proven snapshot of the searched version, and keep the latest PHOTO_SNAPSHOTS_KEPT of it.

    With `force` even of one with which anything is wrong. Raises CollectionRefused, VectorIndexError.
    """
    tables, folder = TableStore(settings.photo_data / "tables"), to or settings.snapshots_folder
    with open_resource(settings, "library").ledger() as ledger, open_resource(settings, "vectors").index() as index:
        return save(index, ledger, tables, folder, settings.photo_snapshots_kept, force=force)


def restore(settings: Settings, archive: Path, *, force: bool = False) -> str:
    """Make a version what a snapshot holds, and search it if none is; the version's name.

    Raises CollectionRefused for one that is there and has points, unless by `force`; VectorIndexError, IngestRunning,
    CollectionBusy.
    """
    version = version_in(archive)
    if version is None or not archive.is_file():
        raise CollectionRefused(f"{archive} is no file named VERSION.tar.gz or VERSION.snapshot; name a snapshot")
    vectors = open_resource(settings, "vectors")
    with only_ingest(settings.photo_data), only_writer(settings), vectors.index() as index:
        points = index.count(version) if version in index.versions() else 0
        if points and not force:
            raise CollectionRefused(f"{version} is there and has {points:,} points; --force replaces them")
        try:
            index.restore(version, archive)
        except OSError as error:
            raise unwritable(settings.photo_data, error) from error
        if index.active_version() is None:
            index.switch_alias(version)
    return version


def push_to(settings: Settings, url: str, tell: Callable[[int], None], *, force: bool = False) -> tuple[str, Pushed]:
    """Move the searched version of the embedded collection to the server at `url`, where it is searched then.

    The server's key is QDRANT_API_KEY. Raises CollectionRefused, VectorIndexError, IngestRunning, CollectionBusy.
    """
    embedded = open_index(settings.photo_data / "collection", None, None)
    key = settings.qdrant_api_key.get_secret_value() or None
    server = open_index(settings.photo_data, url, key, settings.photo_vector_quantization)
    with only_ingest(settings.photo_data), only_writer(settings), embedded as source, server as target:
        version = searched(source)
        return version, push(source, target, version, force=force, tell=tell)
