"""The root of every error the platform raises on purpose.

    PhotoPlatformError
    ├── SettingsError             photo_assets.settings   a variable has a wrong value
    ├── LibraryError              resources.library       a root or the ledger cannot be used
    ├── DecodingError             resources.decoding      one photo cannot be decoded
    ├── ModelError                resources.inference     a model cannot be had or does not fit
    ├── VectorIndexError          resources.vectors       the collection cannot be reached or refuses
    ├── TableError                resources.tables        a table is absent or not of its schema
    ├── BackupError               resources.backup        a backup cannot be made or restored
    └── WebError                  resources.web           a service cannot be started

Each room's own `errors.py` (or the module named above) holds its branch. A message says what happened and ends with the
remedy. Errors of other libraries do not belong here; they are translated where they are caught.
"""


class PhotoPlatformError(Exception):
    """An error with a message for a person; `retryable` says whether trying again can help."""

    retryable: bool = False


def first_line(error: BaseException) -> str:
    """What an error says in its first line, or its kind where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
