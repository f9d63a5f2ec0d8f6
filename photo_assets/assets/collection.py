"""The collection's assets: a batch's points, and the whole."""

import time
from typing import Any

import dagster as dg

from photo_assets.assets.frame import Frame
from photo_assets.assets.inputs import tables_made, tables_of
from photo_assets.assets.outcome import Stopwatch, materialized
from photo_assets.assets.versions import compared_with, kept_whole
from photo_assets.checks import (
    check_specs,
    collection_matches_ledger,
    points_match_rows,
    roots_are_whole,
    rows_complete,
)
from photo_assets.partitions import BATCHES
from photo_assets.provenance import BATCH_TABLES, Facts, facts_of
from photo_assets.specs import described
from resources.decoding.resource import DecodingResource
from resources.inference.resource import InferenceResource
from resources.library.resource import LibraryResource
from resources.tables.io_manager import ParquetIOManager
from resources.tables.schema import Row
from resources.vectors.resource import VectorIndexResource


@dg.asset(
    **described("collection_points"),
    deps=["caption_embeddings"],  # no argument, because batches of an earlier release have no such table yet
    partitions_def=BATCHES,
    check_specs=check_specs("collection_points"),
    pool="collection",
)
def collection_points(
    context: dg.AssetExecutionContext,
    decoded_images: Frame,
    photo_metadata: Frame,
    image_embeddings: Frame,
    image_captions: Frame,
    library: LibraryResource,
    inference: InferenceResource,
    vectors: VectorIndexResource,
    io_manager: dg.ResourceParam[ParquetIOManager],
) -> dg.MaterializeResult:
    """Write each batch into the collection and, when every point is there, tell the ledger that the batch is done."""
    from photo_assets.steps.collection import BatchTables, space_of, write_batch

    watch = Stopwatch()
    frames = (decoded_images, photo_metadata, image_embeddings, image_captions)
    given = [tables_of(context, frame) for frame in frames]
    worded = tables_made(context, io_manager, "caption_embeddings")
    upstream = dict(zip(BATCH_TABLES, [*given, worded], strict=True))
    batches: dict[str, list[Row]] = {}
    facts: dict[str, Facts] = {}
    missing: list[str] = []
    with library.ledger() as ledger, vectors.index() as index:
        for batch in context.partition_keys:
            made_by = {name: tables[batch].made_by for name, tables in upstream.items()}
            facts[batch] = facts_of("collection_points", made_by)
            tables = BatchTables(*(tables[batch].rows for tables in upstream.values()))
            space = tables.space() or space_of(inference.engine())
            made_by |= {"collection_points": facts[batch]}
            batches[batch], lacking = write_batch(batch, tables, made_by, index, ledger, space)
            missing += lacking
        versions = sorted({row["collection"] for rows in batches.values() for row in rows})
        points = sum(map(index.count, versions))
    rows = [row for batch_rows in batches.values() for row in batch_rows]
    expected = [row["photo_id"] for table in upstream["decoded_images"].values() for row in table.rows]
    checks = [rows_complete("collection_points", expected, rows), points_match_rows(rows, missing)]
    more = {"collection": ", ".join(versions), "points_in_collection": points}
    return materialized(context, "collection_points", batches, facts, watch, checks, **more)


@dg.asset(
    **described("photo_collection"),
    deps=["collection_points"],
    check_specs=check_specs("photo_collection"),
    pool="collection",
    # Not eager(): below dynamic partitions that waits until every batch has been done once. A batch that ends while
    # others run is not forgotten for that: it is remembered until this has run.
    automation_condition=dg.AutomationCondition.any_deps_updated().since_last_handled()
    & ~dg.AutomationCondition.in_progress()
    & ~dg.AutomationCondition.any_deps_in_progress(),
)
def photo_collection(
    library: LibraryResource,
    decoding: DecodingResource,
    inference: InferenceResource,
    vectors: VectorIndexResource,
    io_manager: dg.ResourceParam[ParquetIOManager],
) -> dg.MaterializeResult:
    """Let the collection follow the library's paths, compare it with the ledger, and look after its versions."""
    from photo_assets.search.models import VersionModels
    from photo_assets.steps import versions
    from photo_assets.steps.following import follow
    from photo_assets.steps.truth import compare, told_by_tables

    now = time.time()
    models = VersionModels(inference, library.ledger)
    with library.ledger() as ledger, vectors.index() as index:
        followed = follow(ledger, index, library.missing_grace_s, now)
        wanted = versions.made_by(inference.engine(), inference.clip_folder())
        versions.note(index, ledger, wanted, now)
        caught_up = kept_whole(index, ledger, decoding.previews(), models, wanted.name)
        found = compare(index, ledger, wanted.name, told_by_tables(io_manager.store))
        ledger.doubt_points(found.batches)
        left = versions.switch_to_whole(index, ledger, found) if vectors.auto_switch else None
        searched = index.active_version()
        compared = compared_with(left or searched, found, index, ledger, models, vectors.comparison_queries)
        dropped = versions.drop_unused(index, ledger, now - vectors.version_grace_s)
        counts, held = ledger.counts(), ledger.held_roots()
        ledger.tell_held_roots(held)
    metadata: dict[str, Any] = {
        "collection": found.version,
        "searched": searched or "none yet",
        "points": found.points,
        "missing_points": len(found.missing) + len(found.waiting),
        "orphan_points": len(found.orphans),
        "stale_points": len(found.stale),
        "versions_dropped": ", ".join(dropped) or "none",
    }
    checks = [collection_matches_ledger(found), roots_are_whole(held)]
    more = caught_up | compared | vars(followed) | counts
    return dg.MaterializeResult(metadata=metadata | more, check_results=checks)
