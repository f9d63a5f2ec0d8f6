"""The library's assets: which photos a batch brings, their previews, their metadata."""

from typing import Any

import dagster as dg

from photo_assets.assets.frame import Frame
from photo_assets.assets.inputs import earlier_rows, tables_of
from photo_assets.assets.outcome import Stopwatch, materialized
from photo_assets.checks import check_specs, rows_complete
from photo_assets.partitions import BATCHES
from photo_assets.provenance import decoder_facts, facts_of
from photo_assets.specs import described
from resources.decoding.resource import DecodingResource
from resources.library.resource import LibraryResource
from resources.tables.io_manager import ParquetIOManager


@dg.asset(
    **described("photo_files"),
    partitions_def=BATCHES,
    check_specs=check_specs("photo_files"),
)
def photo_files(
    context: dg.AssetExecutionContext, library: LibraryResource, io_manager: dg.ResourceParam[ParquetIOManager]
) -> dg.MaterializeResult:
    """Hash the batches' files and claim their photos."""
    from photo_assets.steps.files import identify_files

    watch = Stopwatch()
    with library.ledger() as ledger:
        positions = [member.position for batch in context.partition_keys for member in ledger.members(batch)]
        batches = {
            batch: identify_files(ledger, batch, earlier_rows(io_manager, "photo_files", batch))
            for batch in context.partition_keys
        }
    rows = [row for batch in batches.values() for row in batch]
    complete = rows_complete("photo_files", positions, rows, key="position")
    facts = dict.fromkeys(batches, facts_of("photo_files"))
    megabytes = sum(row["size_bytes"] or 0 for row in rows) / 1e6
    return materialized(context, "photo_files", batches, facts, watch, [complete], megabytes_read=megabytes)


@dg.asset(
    **described("decoded_images"),
    partitions_def=BATCHES,
    check_specs=check_specs("decoded_images"),
    pool="decoding",
)
def decoded_images(
    context: dg.AssetExecutionContext,
    photo_files: Frame,
    library: LibraryResource,
    decoding: DecodingResource,
    io_manager: dg.ResourceParam[ParquetIOManager],
) -> dg.MaterializeResult:
    """Decode the photos the batches bring, each in a worker process."""
    from photo_assets.reporting import contact_sheet, percentiles_ms
    from photo_assets.steps.decoding import decode_photos, has_raw
    from resources.decoding.floors import decoder_versions

    watch = Stopwatch()
    files = tables_of(context, photo_files)
    with library.ledger() as ledger, decoding.pool() as pool:
        batches = {
            batch: decode_photos(table.rows, pool, ledger, earlier_rows(io_manager, "decoded_images", batch))
            for batch, table in files.items()
        }
    # No policy for RAW photos has made a batch that has none.
    facts = {batch: decoder_facts(decoding.policy(has_raw=has_raw(rows))) for batch, rows in batches.items()}
    rows = [row for batch in batches.values() for row in batch]
    brought = [row["photo_id"] for table in files.values() for row in table.rows if row["status"] == "ok"]
    previews = decoding.previews()
    thumbnails = [previews.thumbnail_path(row["photo_id"]) for row in rows if row["status"] == "ok"]
    return materialized(
        context,
        "decoded_images",
        batches,
        facts,
        watch,
        [rows_complete("decoded_images", brought, rows)],
        **percentiles_ms(rows, "decode_ms"),
        decoders=dg.MetadataValue.json(decoder_versions()),
        contact_sheet=dg.MetadataValue.md(contact_sheet(thumbnails)),
    )


@dg.asset(
    **described("photo_metadata"),
    partitions_def=BATCHES,
    check_specs=check_specs("photo_metadata"),
)
def photo_metadata(
    context: dg.AssetExecutionContext, decoded_images: Frame, library: LibraryResource
) -> dg.MaterializeResult:
    """Type the tags that decoding read, and what sidecars say."""
    from photo_assets.steps.decoding import read_metadata

    watch = Stopwatch()
    decoded = tables_of(context, decoded_images)
    with library.ledger() as ledger:
        batches = {batch: read_metadata(table.rows, ledger) for batch, table in decoded.items()}
    rows = [row for batch in batches.values() for row in batch]
    expected = [row["photo_id"] for table in decoded.values() for row in table.rows]
    complete = rows_complete("photo_metadata", expected, rows)
    found: dict[str, Any] = {
        f"with_{name}": sum(row.get(column) is not None for row in rows)
        for name, column in (
            ("date", "taken_at"),
            ("camera", "camera_model"),
            ("place", "latitude_deg"),
            ("sidecar", "sidecars_json"),
        )
    }
    facts = {batch: facts_of("photo_metadata", {"decoded_images": table.made_by}) for batch, table in decoded.items()}
    return materialized(context, "photo_metadata", batches, facts, watch, [complete], **found)
