"""decoded_images and photo_metadata: one preview and one set of tags per photo, then the tags as typed columns.

The only step in which originals are opened for pixels.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from photo_assets.progress import report
from resources.decoding.errors import DecodingError, UnwritableError
from resources.decoding.metadata import photo_metadata
from resources.decoding.pool import DecodeRequest, DecodeResult, DecodingPool
from resources.tables.schema import Row

CARRIED = ("photo_id", "status", "error_kind", "error_message")


def decode_photos(photo_files: Sequence[Row], pool: DecodingPool) -> list[Row]:
    """Decode the photos that this batch brings; one row per `ok` row of photo_files, in order."""
    brought = [row for row in photo_files if row["status"] == "ok"]
    requests = [DecodeRequest(row["photo_id"], row["path"], row["sha256"]) for row in brought]
    results = pool.decode(requests, on_result=lambda _: report("decoded"))
    _stop_if_unwritable(results)
    return [_decoded_row(file, result, pool.provenance) for file, result in zip(brought, results, strict=True)]


def read_metadata(decoded: Sequence[Row]) -> list[Row]:
    """Type the tags that decoding read; one row per photo, in order, without opening a file."""
    return [carried(row) | (_typed_tags(row) if row["status"] == "ok" else {}) for row in decoded]


def carried(row: Row) -> Row:
    """What every later table repeats of a photo: its id and, if it failed, why."""
    return {name: row[name] for name in CARRIED}


def _stop_if_unwritable(results: Sequence[DecodeResult]) -> None:
    """A full disk says nothing of the photos: the batch fails and stays planned, and no photo is given up."""
    for result in results:
        if result.error_kind == UnwritableError.kind:
            raise DecodingError(result.error_message)


def _decoded_row(file: Row, result: DecodeResult, provenance: str) -> Row:
    row: dict[str, Any] = {name: getattr(result, name) for name in DecodeResult.__dataclass_fields__}
    return row | {
        "path_display": file["path_display"],
        "mtime_ns": file["mtime_ns"],
        "decoder_policy": provenance,
    }


def _typed_tags(row: Row) -> Row:
    name = row["path_display"].rpartition("/")[2]
    metadata = asdict(photo_metadata(json.loads(row["tags_json"] or "{}"), name=name, mtime_ns=row["mtime_ns"]))
    if metadata["taken_at"] is not None:
        metadata["taken_at"] = metadata["taken_at"].isoformat()
    return metadata
