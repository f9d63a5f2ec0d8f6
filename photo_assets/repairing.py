"""One truth for all versions of the collection: what differs from ledger and tables is found, and put right or due.

Points of no photo are deleted here. Missing and changed ones are not written here: the ledger is told that their
batches are stale, and whoever refreshes writes their points again from the tables (refreshing.py), inferring nothing.
"""

from dataclasses import dataclass

from photo_assets.definitions import open_resource
from photo_assets.refresh_plan import Due
from photo_assets.settings import Settings
from photo_assets.steps.true_vectors import unlike_vectors
from photo_assets.steps.truth import Differences, compare, told_by_tables
from resources.errors import PhotoPlatformError
from resources.library.ledger import Ledger
from resources.tables.store import TableStore
from resources.vectors.port import VectorIndex

# As with files: more than a fifth gone at once looks like another ledger, or one that was emptied.
MOST_ORPHANS = 0.2
FEW = 20


class TooManyOrphans(PhotoPlatformError):
    """So many points have no photo in the ledger that the ledger may be the wrong one."""

    def __init__(self, version: str, orphans: int, points: int) -> None:
        super().__init__(version, orphans, points)
        self.version, self.orphans, self.points = version, orphans, points

    def __str__(self) -> str:
        return (
            f"{self.orphans:,} of the {self.points:,} points in {self.version} are of no photo that the ledger knows, "
            "which looks like another library's ledger; nothing was deleted. Check PHOTO_DATA, PHOTO_LEDGER_URL and "
            "QDRANT_URL, or let `photos collection repair --force` delete them."
        )


@dataclass(frozen=True)
class Wrong:
    """What differs, version by version, and the batches that are to write their points again."""

    versions: list[Differences]
    due: list[Due]

    @property
    def is_nothing(self) -> bool:
        """Whether ledger, tables and points say the same, and all that is to be there is there."""
        return all(found.is_none for found in self.versions)


def find_wrong(settings: Settings, *, vectors: bool = False) -> Wrong:
    """What differs now, in this library."""
    with open_resource(settings, "library").ledger() as ledger, open_resource(settings, "vectors").index() as index:
        return find(index, ledger, TableStore(settings.photo_data / "tables"), vectors=vectors)


def put_right(settings: Settings, *, force: bool = False, vectors: bool = False) -> Wrong:
    """Find what is wrong and settle it, so that a refresh of what is due ends it; what was found.

    Only under `only_writer`. Raises TooManyOrphans, unless by `force`.
    """
    with open_resource(settings, "library").ledger() as ledger, open_resource(settings, "vectors").index() as index:
        wrong = find(index, ledger, TableStore(settings.photo_data / "tables"), vectors=vectors)
        settle(index, ledger, wrong, force=force)
    return wrong


def settle(index: VectorIndex, ledger: Ledger, wrong: Wrong, *, force: bool = False) -> None:
    """Delete the orphans that were found, and call the batches stale. Raises TooManyOrphans, unless by `force`."""
    for found in wrong.versions:
        if len(found.orphans) > max(FEW, MOST_ORPHANS * found.points) and not force:
            raise TooManyOrphans(found.version, len(found.orphans), found.points)
    for found in wrong.versions:
        if found.orphans:
            index.delete(found.version, found.orphans)
        ledger.doubt_points(found.batches)


def find(index: VectorIndex, ledger: Ledger, tables: TableStore, *, vectors: bool = False) -> Wrong:
    """Compare every version with the ledger and the tables, its `vectors` too if so told; changes nothing."""
    told = told_by_tables(tables)
    # One that the tables name may be gone as a whole.
    versions = sorted({*index.versions(), *(each.collection for each in told.values())})
    found = [
        compare(index, ledger, version, told, unlike_vectors(index, ledger, version, tables) if vectors else ())
        for version in versions
    ]
    batches = {batch: count for each in found for batch, count in each.batches.items()}
    sizes = ledger.batch_sizes(list(batches))
    due = [
        Due(batch, sizes[batch], ("collection_points",), (f"collection_points: {count} missing or changed",))
        for batch, count in sorted(batches.items())
    ]
    return Wrong(found, due)
