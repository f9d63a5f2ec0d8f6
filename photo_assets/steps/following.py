"""Following the library: the collection is told which paths a photo has now, and loses what is gone for long.

Points are changed and deleted here, never written: a photo that lacks its point becomes due in the ledger, and its
batch writes it (collection.py). Between any two steps a process may be killed; following again ends in the same state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resources.library.ledger import Ledger
from resources.vectors.port import OFFLINE, VectorIndex

# Photos told at once: a tenth of a second, and few megabytes.
CHUNK = 1_000


@dataclass
class Followed:
    """Photos whose paths the collection was told, those of them that no file holds, and those it has lost."""

    followed: int = 0
    offline: int = 0
    removed: int = 0


def follow(ledger: Ledger, index: VectorIndex, grace_s: float, now: float) -> Followed:
    """Tell the collection every change of paths, and take out what has been offline for `grace_s` seconds or longer."""
    done = Followed()
    while changes := ledger.path_changes(CHUNK):
        paths = ledger.paths_of(changes)
        ledger.write_presence(paths, now)
        _delete(index, ledger.pointless(changes))
        lacking = _tell(index, {photo_id: placed(held_by) for photo_id, held_by in paths.items()})
        ledger.remove([photo_id for photo_id in lacking if paths[photo_id]], now)
        ledger.settle_path_changes(changes)
        done.followed += len(changes)
        done.offline += sum(not held_by for held_by in paths.values())
    while gone := ledger.offline_before(now - grace_s, CHUNK):
        # Marked only when they are gone: the other way round a kill would leave points that nobody looks for.
        _delete(index, gone)
        done.removed += ledger.remove(gone, now)
    return done


def _delete(index: VectorIndex, photo_ids: Sequence[str]) -> None:
    for version in index.versions() if photo_ids else ():
        index.delete(version, photo_ids)


def placed(paths: Sequence[str]) -> dict[str, Any]:
    """What a point says of where its photo is; one that is offline keeps the paths it had."""
    return {"paths": list(paths), "presence": "present"} if paths else {"presence": OFFLINE}


def _tell(index: VectorIndex, payloads: Mapping[str, dict[str, Any]]) -> list[str]:
    """Set these payloads in every version; the photos that are in none: one may be on its way into the searched one."""
    lacking = set(payloads)
    for version in index.versions():
        lacking &= set(index.set_payload(version, payloads))
    return sorted(lacking)
