"""Putting a folder in place whole or not at all.

Files are made in a hidden sibling, synced, and the folder renamed. Knows nothing of graphs but the name of their
manifest, by which an earlier export may be replaced and any other folder may not.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from resources.inference.errors import ExportFailed
from resources.inference.exported.manifest import MANIFEST

# No export takes longer, so what is older was left by one that was killed.
_ABANDONED_AFTER_S = 24 * 3600


@contextmanager
def unfinished_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, moved to `target` when the block ends well and removed when not. Raises ExportFailed."""
    target = target.expanduser().resolve()
    _refuse_foreign(target)
    folder = target.with_name(f".{target.name}.{uuid4().hex}.part")
    try:
        _sweep_abandoned(target)
        folder.mkdir(parents=True)
        yield folder
        _sync(folder)
        _move(folder, target)
    except OSError as error:
        raise ExportFailed(f"{target} cannot be written ({error.strerror or error}); name another folder") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse_foreign(target: Path) -> None:
    if target.exists() and not (target.is_dir() and (not any(target.iterdir()) or (target / MANIFEST).is_file())):
        raise ExportFailed(f"{target} holds something else than exported graphs; name a new folder")


def _sweep_abandoned(target: Path) -> None:
    for left in target.parent.glob(f".{target.name}.*.part"):
        if time.time() - left.stat().st_mtime > _ABANDONED_AFTER_S:
            shutil.rmtree(left, ignore_errors=True)


def _sync(folder: Path) -> None:
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _move(folder: Path, target: Path) -> None:
    """Rename into place; a reader between the two renames of a replacement finds no folder, never half of one."""
    if not target.exists() or not any(target.iterdir()):
        folder.replace(target)
        return
    earlier = target.with_name(f".{target.name}.{uuid4().hex}.part")
    target.rename(earlier)
    try:
        folder.rename(target)
    except OSError:
        earlier.rename(target)
        raise
    shutil.rmtree(earlier, ignore_errors=True)
