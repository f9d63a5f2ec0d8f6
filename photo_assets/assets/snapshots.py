"""The asset of the collection's snapshots: the searched version saved each week as a file that was proven."""

import dagster as dg

from photo_assets.assets.outcome import Stopwatch
from photo_assets.specs import described
from resources.library.resource import LibraryResource
from resources.tables.io_manager import ParquetIOManager
from resources.vectors.resource import VectorIndexResource


@dg.asset(**described("collection_snapshot"), deps=["photo_collection"], pool="collection")
def collection_snapshot(
    library: LibraryResource, vectors: VectorIndexResource, io_manager: dg.ResourceParam[ParquetIOManager]
) -> dg.MaterializeResult:
    """Save the searched version if nothing is wrong with it, restore it beside the collection, compare every point."""
    from photo_assets.steps.saving import save

    watch = Stopwatch()
    with library.ledger() as ledger, vectors.index() as index:
        taken = save(index, ledger, io_manager.store, vectors.snapshots_folder(), vectors.snapshots_kept)
    return dg.MaterializeResult(
        metadata={
            "snapshot": dg.MetadataValue.path(taken.path),
            "collection": taken.version,
            "points": taken.points,
            "megabytes": taken.size_bytes / 1e6,
            "seconds": watch.seconds(),
        }
    )
