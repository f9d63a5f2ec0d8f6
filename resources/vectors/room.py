"""Whether the disk has room for what the embedded engine writes next.

The engine maps files into memory that the disk has given no blocks for yet. Where it finds none, the system ends the
whole process (SIGBUS) without a word, so the room is looked at before, and its lack is an error like any other.
"""

import shutil
from pathlib import Path

from resources.vectors.errors import EngineFailure

ROOM_BYTES = 256_000_000  # a new version reserves 170 MB; a write of 1,000 points takes a few


def check_room(directory: Path, also_bytes: int = 0) -> None:
    """Raise EngineFailure where the disk of `directory` is as good as full, or would be with so many bytes more."""
    free, wanted = shutil.disk_usage(directory).free, ROOM_BYTES + also_bytes
    if free < wanted:
        reason = f"{free / 1e6:,.0f} MB are free, and it writes only where {wanted / 1e6:,.0f} MB are"
        raise EngineFailure(directory, reason)
