"""The collection's assets: a batch's points, and the whole."""

from typing import Any

import dagster as dg

from photo_assets.assets.frame import Frame
from photo_assets.assets.outcome import Stopwatch, materialized
from photo_assets.checks import check_specs, collection_matches_ledger, points_match_rows, rows_complete
from photo_assets.partitions import BATCHES
from photo_assets.specs import described
from resources.inference.resource import InferenceResource
from resources.library.resource import LibraryResource
from resources.vectors.resource import VectorIndexResource


@dg.asset(
    **described("collection_points"),
    partitions_def=BATCHES,
    check_specs=check_specs("collection_points"),
    pool="collection",
)
def collection_points(
    context: dg.AssetExecutionContext,
    photo_files: Frame,
    decoded_images: Frame,
    photo_metadata: Frame,
    image_embeddings: Frame,
    image_captions: Frame,
    library: LibraryResource,
    inference: InferenceResource,
    vectors: VectorIndexResource,
) -> dg.MaterializeResult:
    """Write the batch into the collection and, when every point is there, tell the ledger that the batch is done."""
    from photo_assets.steps.collection import BatchTables, missing_points, outcomes, put_points, version_of
    from photo_assets.steps.decoding import sidecars_read
    from resources.tables.frames import rows_of

    watch = Stopwatch()
    frames = (photo_files, decoded_images, photo_metadata, image_embeddings, image_captions)
    tables = BatchTables(*map(rows_of, frames))
    engine = inference.engine()
    version = version_of(engine.clip, engine.dimensions)
    with library.ledger() as ledger, vectors.index() as index:
        rows = put_points(tables, index, ledger, version, engine.dimensions)
        missing = missing_points(rows, index, version)
        points = index.count(version)
        if not missing:
            ledger.finish_batch(context.partition_key, outcomes(rows), sidecars_read(tables.photo_metadata))
    complete = rows_complete("collection_points", [row["photo_id"] for row in tables.decoded_images], rows)
    checks = [complete, points_match_rows(rows, missing)]
    return materialized("collection_points", rows, watch, checks, collection=version, points_in_collection=points)


@dg.asset(
    **described("photo_collection"),
    deps=["collection_points"],
    check_specs=check_specs("photo_collection"),
    pool="collection",
    # Not eager(): below dynamic partitions that waits until every batch has been done once.
    automation_condition=dg.AutomationCondition.any_deps_updated()
    & ~dg.AutomationCondition.in_progress()
    & ~dg.AutomationCondition.any_deps_in_progress(),
)
def photo_collection(
    library: LibraryResource, inference: InferenceResource, vectors: VectorIndexResource
) -> dg.MaterializeResult:
    """Compare the whole collection with the ledger."""
    from photo_assets.steps.collection import reconcile, version_of

    engine = inference.engine()
    with library.ledger() as ledger, vectors.index() as index:
        state = reconcile(index, ledger, version_of(engine.clip, engine.dimensions))
        counts = ledger.counts()
    metadata: dict[str, Any] = {
        "collection": state.version,
        "searched": state.active or "none yet",
        "points": state.points,
        "missing": len(state.missing),
        "orphans": len(state.orphans),
    }
    return dg.MaterializeResult(metadata=metadata | counts, check_results=[collection_matches_ledger(state)])
