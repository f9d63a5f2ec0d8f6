"""What can go wrong with a library as a whole; a single bad file is a row, not an error.

LibraryError
├── RootUnavailable   a root is not a folder that can be read now                  retry helps
├── LedgerUnavailable the ledger's database does not answer, or not now     retry helps
├── LedgerUnusable    the ledger's database lacks what the ledger needs
├── UnreadableCopy    a copy of the ledger that is not one of this version's
├── NotMovable        a folder that cannot be said to lie elsewhere
├── NothingHeld       a root below which nothing waits for a person's word
└── UnknownBatch      a partition key that the ledger never cut
"""

from pathlib import Path

from resources.errors import PhotoPlatformError


class LibraryError(PhotoPlatformError):
    """The library cannot be used as asked."""


class RootUnavailable(LibraryError):
    """A root cannot be read; nothing is concluded about the photos below it."""

    retryable = True

    def __init__(self, root: bytes, reason: str) -> None:
        self.root, self.reason = root, reason
        shown = root.decode("utf-8", "backslashreplace")
        super().__init__(f"{shown}: {reason}. Mount it, or name another folder in PHOTO_LIBRARY.")


class LedgerUnavailable(LibraryError):
    """The database at `where`, a path or a URL without its password, does not answer or cannot do what was asked."""

    retryable = True

    def __init__(self, where: str, reason: str) -> None:
        self.where, self.reason = where, reason
        remedy = "its disk, its permissions, and that no other process keeps it locked"
        if "://" in where:
            remedy = "that it runs and that PHOTO_LEDGER_URL is right; without it the ledger is a file below PHOTO_DATA"
        super().__init__(f"the ledger at {where} does not serve: {reason}. Check {remedy}.")


class LedgerUnusable(LibraryError):
    """The database at `where` cannot be a ledger as things are set up."""

    def __init__(self, where: str, reason: str, remedy: str) -> None:
        self.where, self.reason = where, reason
        super().__init__(f"the ledger at {where} cannot be used: {reason}. {remedy}, or leave PHOTO_LEDGER_URL empty.")


class UnreadableCopy(LibraryError):
    """The file `path` of a copy of the ledger cannot be read into one; the ledger is as it was."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            f"{path.name} is no table of a ledger: {reason}. Use the version that wrote it, or a later one."
        )


class NotMovable(LibraryError):
    """What lay below `old` cannot be taken for lying below `new`."""

    def __init__(self, old: bytes, new: bytes, reason: str) -> None:
        before, after = (folder.decode("utf-8", "backslashreplace") for folder in (old, new))
        super().__init__(f"{before} cannot become {after}: {reason}. Name the folders as PHOTO_LIBRARY did and does.")


class NothingHeld(LibraryError):
    """A person confirmed what is missing below a root where nothing is held back."""

    def __init__(self, root: bytes) -> None:
        shown = root.decode("utf-8", "backslashreplace")
        super().__init__(f"{shown}: nothing is held back below it. `photos status` names the roots where something is.")


class UnknownBatch(LibraryError):
    """A batch key that this ledger does not know."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"batch {key!r} is not in the ledger. PHOTO_DATA may point at another library's state; "
            "`photos status` shows the one in use."
        )
