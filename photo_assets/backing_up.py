"""One backup of the whole library's state but the originals: what is taken, and in which order.

The ledger comes first, because whatever it says is true of the files by then: what other processes do meanwhile is more
than it says, and an ingest after the restore does that again. So a backup needs no lock and may be made during one.
How a backup is kept is resources/backup; bringing one back is restoring.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from photo_assets.definitions import open_resource
from photo_assets.settings import Settings
from resources.backup.errors import BackupDamaged, BackupUnwritable
from resources.backup.folders import saved
from resources.backup.manifest import Earlier, Entry, Writer, read_entries
from resources.backup.vault import Vault

# What lies below PHOTO_DATA as files of its own, in the manifest's order.
PREVIEWS = (("previews/previews", ".jpg"), ("previews/thumbnails", ".jpg"))
TABLES = (("tables", ".parquet"),)


@dataclass
class BackedUp:
    """What a backup came to; `copied` are the files that no earlier one had."""

    manifest: Path
    files: int = 0
    size_bytes: int = 0
    copied: int = 0
    copied_bytes: int = 0

    def count(self, entry: Entry, *, is_new: bool) -> None:
        """One more file."""
        self.files, self.size_bytes = self.files + 1, self.size_bytes + entry.size_bytes
        if is_new:
            self.copied, self.copied_bytes = self.copied + 1, self.copied_bytes + entry.size_bytes


def back_up(settings: Settings, to: Path, *, with_previews: bool = True, keep: int = 0) -> BackedUp:
    """Make a backup in the folder `to`, beside earlier ones, and keep the latest `keep`, or all.

    Raises BackupError, LibraryError, VectorIndexError; a backup that broke off is not there.
    """
    _check_place(settings, to)
    vault, now = Vault(to), datetime.now(UTC)
    with vault.writing() as unfinished:
        manifest = unfinished / "manifest"
        backed_up = BackedUp(manifest)
        ledger = _ledger(settings, vault, unfinished)
        collection, active = _collection(settings, vault, unfinished)
        with manifest.open("wb") as file:
            writer = Writer(file, _about(settings, now, active))
            folders = PREVIEWS + TABLES if with_previews else TABLES
            for entry, is_new in _entries(vault, settings.photo_data, [*collection, *ledger], folders):
                writer.add(entry)
                backed_up.count(entry, is_new=is_new)
            writer.end()
        backed_up.manifest = vault.complete(manifest, f"{now:%Y%m%dT%H%M%S}")
        if keep:
            vault.keep(keep)
    return backed_up


def secret_fields() -> set[str]:
    """The settings that are secrets, by name."""
    return {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}


def _check_place(settings: Settings, to: Path) -> None:
    for folder in (settings.photo_data, *settings.library_roots):
        if to.is_relative_to(folder):
            raise BackupUnwritable(to, f"it lies inside {folder}, which it is to outlive or must not write to")


def _about(settings: Settings, now: datetime, active: str | None) -> dict[str, Any]:
    return {
        "made_at": now.isoformat(timespec="seconds"),
        "made_by": f"photo-assets {version('photo-assets')}",
        "active": active,
        "settings": settings.model_dump(mode="json", exclude=secret_fields()),
    }


def _ledger(settings: Settings, vault: Vault, unfinished: Path) -> list[Entry]:
    with open_resource(settings, "library").ledger() as ledger:
        files = ledger.write_copy(unfinished)
    return _taken(vault, "ledger", files)


def _collection(settings: Settings, vault: Vault, unfinished: Path) -> tuple[list[Entry], str | None]:
    """A snapshot of every version, and which of them is searched."""
    with open_resource(settings, "vectors").index() as index:
        files = [index.snapshot(each, unfinished) for each in index.versions()]
        return _taken(vault, "collection", files), index.active_version()


def _taken(vault: Vault, folder: str, files: list[Path]) -> list[Entry]:
    return [vault.take(file, f"{folder}/{file.name}") for file in sorted(files)]


def _entries(
    vault: Vault, data: Path, made: list[Entry], folders: tuple[tuple[str, str], ...]
) -> Iterator[tuple[Entry, bool]]:
    """Everything in the manifest's order, and whether it is new."""
    for entry in made:
        yield entry, True
    earlier = Earlier(_earlier(vault))
    for folder, suffix in folders:
        yield from saved(vault, data, folder, suffix, earlier)


def _earlier(vault: Vault) -> Iterator[Entry]:
    """The latest backup that is whole; a damaged one is no reason to make none."""
    for manifest in reversed(vault.backups()):
        try:
            for _ in read_entries(manifest):
                pass
        except BackupDamaged:
            continue
        return read_entries(manifest)
    return iter(())
