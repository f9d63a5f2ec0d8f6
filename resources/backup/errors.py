"""Why a backup cannot be made or restored.

BackupError
├── NoBackup          there is no complete backup in this folder
├── BackupDamaged     a backup is not what was written, or never was one of ours
├── BackupUnwritable  the folder of the backups cannot take one
├── NotRestored       the state could not be written
├── NoRoom            the disk has too little space to restore it
├── BackupUnderWay    another backup is being made into the same folder      retry helps
└── TargetNotEmpty    there is state where a backup is to be restored
"""

from pathlib import Path

from resources.errors import PhotoPlatformError


class BackupError(PhotoPlatformError):
    """A backup cannot be made or restored."""


class NoBackup(BackupError):
    """The folder or file `where` holds no complete backup."""

    def __init__(self, where: Path) -> None:
        super().__init__(f"{where} holds no complete backup. Name the folder that `photos backup --to` was given.")


class BackupDamaged(BackupError):
    """What lies at `where` differs from what the backup says; nothing was restored."""

    def __init__(self, where: Path, reason: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(
            f"{where}: {reason}. Nothing was restored; name an earlier backup in the same folder, or a copy of it."
        )


class BackupUnwritable(BackupError):
    """A backup cannot be written to `where`; earlier ones there are as they were."""

    def __init__(self, where: Path, reason: str) -> None:
        super().__init__(
            f"no backup was made in {where}: {reason}. Earlier backups there are whole; mend it or name another folder."
        )


class BackupUnderWay(BackupError):
    """Another process makes a backup into the same folder."""

    retryable = True

    def __init__(self, where: Path) -> None:
        super().__init__(f"another backup is being made into {where}. Wait for it or end it.")


class NotRestored(BackupError):
    """Writing the state below `data` failed; `reason` says how."""

    def __init__(self, data: Path, reason: str) -> None:
        super().__init__(f"the restore into {data} broke off: {reason}. Mend that and restore again with --force.")


class NoRoom(BackupError):
    """The disk of `where` has less than the bytes `needed`."""

    def __init__(self, where: Path, needed: int, free: int) -> None:
        super().__init__(
            f"{where} has {free / 1e9:.1f} GB free and the backup needs {needed / 1e9:.1f} GB. Make room, or name "
            "another PHOTO_DATA."
        )


class TargetNotEmpty(BackupError):
    """`found` names what is there already and would be replaced."""

    def __init__(self, data: Path, found: list[str]) -> None:
        super().__init__(
            f"{data} already has state ({', '.join(found)}). Name another PHOTO_DATA, or replace it with --force."
        )
