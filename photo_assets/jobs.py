"""The jobs: what a sensor, a schedule or a person starts as one run."""

import dagster as dg

from photo_assets.partitions import BATCHES
from photo_assets.run_tags import NEEDS_NO_GPU
from photo_assets.specs import SPECS
from resources.decoding.resource import DecodingResource
from resources.library.resource import LibraryResource

OF_THE_WHOLE = {"photo_collection", "collection_index", "collection_snapshot", "library_audit"}
BATCH_ASSETS = [name for name in SPECS if name not in OF_THE_WHOLE]

ingest_batch = dg.define_asset_job(
    "ingest_batch",
    selection=dg.AssetSelection.assets(*BATCH_ASSETS),
    description="One batch of photos, from files to points.",
)

refresh_metadata = dg.define_asset_job(
    "refresh_metadata",
    tags=NEEDS_NO_GPU,
    selection=dg.AssetSelection.assets("photo_metadata", "collection_points"),
    description="Read one batch's sidecars again and bring its points up to date; decodes and infers nothing.",
)

rewrite_points = dg.define_asset_job(
    "rewrite_points",
    tags=NEEDS_NO_GPU,
    selection=dg.AssetSelection.assets("collection_points"),
    description="Write one batch's points again, for removed photos that are back; decodes and infers nothing.",
)

retry_captions = dg.define_asset_job(
    "retry_captions",
    selection=dg.AssetSelection.assets("image_captions", "caption_embeddings", "collection_points"),
    description="Write one batch's captions again, of which some failed for a passing reason; decodes nothing.",
)

describe_collection = dg.define_asset_job(
    "describe_collection",
    tags=NEEDS_NO_GPU,
    selection=dg.AssetSelection.assets("photo_collection"),
    description="Let the collection follow the library's paths, and compare the whole of it with the ledger.",
)

optimize_collection = dg.define_asset_job(
    "optimize_collection",
    tags=NEEDS_NO_GPU,
    selection=dg.AssetSelection.assets("collection_index"),
    description="Build the search graph of the collection, and its vectors in int8 where that is set.",
)

snapshot_collection = dg.define_asset_job(
    "snapshot_collection",
    tags=NEEDS_NO_GPU,
    selection=dg.AssetSelection.assets("collection_snapshot"),
    description="Save the collection that is searched as one file that was restored and compared.",
)

# What the sensors ask for, and ask for again where it failed.
ASKED_JOBS = (ingest_batch, refresh_metadata, rewrite_points, retry_captions, describe_collection)

audit_library = dg.define_asset_job(
    "audit_library",
    tags=NEEDS_NO_GPU,
    selection=dg.AssetSelection.assets("library_audit"),
    description="Read a part of the originals again, and tell of those that their disk has changed.",
)


@dg.op(description="Look at every root once and cut the settled files into batches.")
def register_photos(context: dg.OpExecutionContext, library: LibraryResource, decoding: DecodingResource) -> None:
    """Register what a scan finds, so that the UI and the command line can begin without the sensor."""
    from photo_assets.steps.scanning import Roots, scan_until_settled

    with library.ledger() as ledger:
        roots = Roots(library.root_paths(), library.state_path(), library.patterns())
        scan = scan_until_settled(ledger, roots, library.batch_size, decoder=decoding.decoder())
        context.instance.add_dynamic_partitions(str(BATCHES.name), ledger.planned_batches())
    context.log.info(scan.told())


@dg.job(tags=NEEDS_NO_GPU, description="Look for new photos now and register them as batches; runs nothing else.")
def scan_library() -> None:
    """One op, so that it can be started from the UI."""
    register_photos()
