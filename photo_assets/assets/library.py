"""The library's assets: which photos a batch brings, their previews, their metadata."""

from typing import Any

import dagster as dg

from photo_assets.assets.frame import Frame
from photo_assets.assets.outcome import Stopwatch, materialized
from photo_assets.checks import check_specs, rows_complete
from photo_assets.partitions import BATCHES
from photo_assets.specs import described
from resources.decoding.resource import DecodingResource
from resources.library.resource import LibraryResource


@dg.asset(**described("photo_files"), partitions_def=BATCHES, check_specs=check_specs("photo_files"))
def photo_files(context: dg.AssetExecutionContext, library: LibraryResource) -> dg.MaterializeResult:
    """Hash the batch's files and claim their photos."""
    from photo_assets.steps.files import identify_files

    watch = Stopwatch()
    with library.ledger() as ledger:
        positions = [member.position for member in ledger.members(context.partition_key)]
        rows = identify_files(ledger, context.partition_key)
    bytes_read = sum(row["size_bytes"] or 0 for row in rows)
    complete = rows_complete("photo_files", positions, rows, key="position")
    return materialized("photo_files", rows, watch, [complete], megabytes_read=bytes_read / 1e6)


@dg.asset(
    **described("decoded_images"), partitions_def=BATCHES, check_specs=check_specs("decoded_images"), pool="decoding"
)
def decoded_images(photo_files: Frame, library: LibraryResource, decoding: DecodingResource) -> dg.MaterializeResult:
    """Decode the photos the batch brings, each in a worker process."""
    from photo_assets.reporting import contact_sheet, percentiles_ms
    from photo_assets.steps.decoding import decode_photos
    from resources.decoding.floors import decoder_versions
    from resources.tables.frames import rows_of

    watch = Stopwatch()
    files = rows_of(photo_files)
    with library.ledger() as ledger, decoding.pool() as pool:
        rows = decode_photos(files, pool, ledger)
    brought = [row["photo_id"] for row in files if row["status"] == "ok"]
    previews = decoding.previews()
    thumbnails = [previews.thumbnail_path(row["photo_id"]) for row in rows if row["status"] == "ok"]
    return materialized(
        "decoded_images",
        rows,
        watch,
        [rows_complete("decoded_images", brought, rows)],
        **percentiles_ms(rows, "decode_ms"),
        decoders=dg.MetadataValue.json(decoder_versions()),
        contact_sheet=dg.MetadataValue.md(contact_sheet(thumbnails)),
    )


@dg.asset(**described("photo_metadata"), partitions_def=BATCHES, check_specs=check_specs("photo_metadata"))
def photo_metadata(decoded_images: Frame, library: LibraryResource) -> dg.MaterializeResult:
    """Type the tags that decoding read, and what sidecars say."""
    from photo_assets.steps.decoding import read_metadata
    from resources.tables.frames import rows_of

    watch = Stopwatch()
    decoded = rows_of(decoded_images)
    with library.ledger() as ledger:
        rows = read_metadata(decoded, ledger)
    complete = rows_complete("photo_metadata", [row["photo_id"] for row in decoded], rows)
    found: dict[str, Any] = {
        f"with_{name}": sum(row.get(column) is not None for row in rows)
        for name, column in (
            ("date", "taken_at"),
            ("camera", "camera_model"),
            ("place", "latitude_deg"),
            ("sidecar", "sidecars_json"),
        )
    }
    return materialized("photo_metadata", rows, watch, [complete], **found)
