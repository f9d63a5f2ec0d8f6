"""Bringing a backup back: everything is fetched and proven first, and only then takes the place of what is there.

The ledger goes first and comes last, so that a restore which was killed leaves a library that knows of nothing, never
one that knows of what is not there; restoring again with --force ends it. What a backup is stands in backing_up.py.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photo_assets.collection_lock import only_writer
from photo_assets.definitions import open_resource
from photo_assets.ingest_lock import only_ingest
from photo_assets.instance import open_instance
from photo_assets.partitions import BATCHES
from photo_assets.settings import Settings
from resources.backup.errors import NoRoom, NotRestored, TargetNotEmpty
from resources.backup.manifest import read_entries, read_header
from resources.backup.vault import Vault, newest_backup
from resources.library.ledger import Ledger
from resources.tables.store import TableStore
from resources.vectors.port import VectorIndex
from resources.vectors.snapshots import version_in

_FOLDERS = ("previews", "tables")


@dataclass
class Restored:
    """What was brought back; `changed` are the settings that were others then, each with the value of then."""

    manifest: Path
    made_at: str
    files: int = 0
    changed: dict[str, Any] = field(default_factory=dict)


def check(where: Path) -> Restored:
    """Read all of a backup and compare it with what it says; changes nothing. Raises BackupError."""
    vault, manifest = newest_backup(where)
    checked = Restored(manifest, str(read_header(manifest).get("made_at")))
    for entry in read_entries(manifest):
        vault.fetch(entry, None)
        checked.files += 1
    return checked


def restore(settings: Settings, where: Path, *, force: bool = False) -> Restored:
    """Bring back the backup that `where` names, in the place of what is there only with `force`.

    Raises BackupError before anything was touched, IngestRunning, CollectionBusy, LibraryError, VectorIndexError.
    """
    vault, manifest = newest_backup(where)
    header = read_header(manifest)
    with only_ingest(settings.photo_data):
        found = [] if force else list(_state(settings))
        if found:
            raise TargetNotEmpty(settings.photo_data, found)
        staging = settings.photo_data / "restoring"
        shutil.rmtree(staging, ignore_errors=True)
        try:
            staging.mkdir()
            files = _fetch(vault, manifest, staging)
            _prove(settings, staging)
            with only_writer(settings):
                _put_in_place(settings, staging, header.get("active"))
        except OSError as error:
            raise NotRestored(settings.photo_data, error.strerror or str(error)) from error
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Restored(manifest, str(header.get("made_at")), files, _changed(settings, header))


def _state(settings: Settings) -> Iterator[str]:
    """What is there already of what a restore brings."""
    with open_resource(settings, "library").ledger() as ledger:
        if not ledger.is_empty():
            yield "ledger"
    yield from (name for name in _FOLDERS if any((settings.photo_data / name).glob("*")))
    with open_resource(settings, "vectors").index() as index:
        if index.versions():
            yield "collection"


def _fetch(vault: Vault, manifest: Path, staging: Path) -> int:
    """Bring every file into `staging`, each proven; how many they are. Raises BackupDamaged, NoRoom."""
    needed = sum(entry.size_bytes for entry in read_entries(manifest))
    free = shutil.disk_usage(staging.parent).free
    if needed > free:
        raise NoRoom(staging.parent, needed, free)
    files = 0
    for entry in read_entries(manifest):
        target = staging / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        vault.fetch(entry, target)
        files += 1
    return files


def _prove(settings: Settings, staging: Path) -> None:
    """Make a ledger and a collection of what was fetched, so that what cannot be one is refused in time."""
    with Ledger(staging / "proof.sqlite") as ledger:
        ledger.read_copy(staging / "ledger")
    with open_resource(settings, "vectors").index() as index:
        for archive in _snapshots(staging):
            with index.unpacked(archive):
                pass


def _put_in_place(settings: Settings, staging: Path, active: str | None) -> None:
    with open_resource(settings, "library").ledger() as ledger:
        ledger.empty()
        for name in _FOLDERS:
            _swap(staging / name, settings.photo_data / name)
        with open_resource(settings, "vectors").index() as index:
            _restore_collection(index, _snapshots(staging), active)
        ledger.read_copy(staging / "ledger")
    _tell_dagster(settings)


def _restore_collection(index: VectorIndex, archives: list[Path], active: str | None) -> None:
    restored = [version_in(archive) or archive.name for archive in archives]
    for version, archive in zip(restored, archives, strict=True):
        index.restore(version, archive)
    if active in restored:
        index.switch_alias(active)
    for version in set(index.versions()).difference(restored, [index.active_version()]):
        index.drop_version(version)


def _snapshots(staging: Path) -> list[Path]:
    return sorted((staging / "collection").glob("*"))


def _swap(fetched: Path, place: Path) -> None:
    """Put a folder in place; what was there goes with the staging folder."""
    if place.exists():
        place.rename(fetched.with_name(f"replaced-{place.name}"))
    if fetched.exists():
        fetched.rename(place)


def _tell_dagster(settings: Settings) -> None:
    """Name every batch to Dagster, whose own history is no part of a backup, so that they can be materialized again."""
    batches = list(TableStore(settings.photo_data / "tables").batches("photo_files"))
    with open_instance(settings) as instance:
        instance.add_dynamic_partitions(str(BATCHES.name), batches)


def _changed(settings: Settings, header: dict[str, Any]) -> dict[str, Any]:
    """The settings that were others when the backup was made; PHOTO_DATA may be any."""
    now, then = settings.model_dump(mode="json"), header.get("settings")
    then = then if isinstance(then, dict) else {}
    return {name: value for name, value in then.items() if name in now and name != "photo_data" and value != now[name]}
