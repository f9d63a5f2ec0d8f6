"""What can go wrong with a library as a whole; a single bad file is a row, not an error.

LibraryError
├── RootUnavailable   a root is not a folder that can be read now
├── NothingHeld       a root below which nothing waits for a person's word
└── UnknownBatch      a partition key that the ledger never cut
"""

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
