"""PHOTO_DATA, the folder of all state: made by whatever comes first, and for its owner alone.

It holds previews of all photos, what is seen on them and where they were taken.
"""

from contextlib import suppress
from pathlib import Path


def make_state_folder(folder: Path) -> None:
    """Make it if it is absent; one that is there keeps its rights, and one that cannot be made is told by its users."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
