"""decoded_images and photo_metadata: one preview and one set of tags per photo, then the tags as typed columns.

The only step in which originals are opened for pixels.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from photo_assets.progress import report
from resources.decoding.errors import DecodingError, QuarantinedError, UnwritableError
from resources.decoding.formats import Format
from resources.decoding.metadata import photo_metadata
from resources.decoding.pool import DecodeRequest, DecodeResult, DecodingPool
from resources.decoding.requests import failed_result
from resources.decoding.xmp import merge_xmp, parse_xmp
from resources.library.claiming import Place
from resources.library.ledger import Ledger
from resources.library.retries import FILE_KINDS
from resources.library.sidecars import KnownSidecar, read_sidecar
from resources.tables.schema import Row

CARRIED = ("photo_id", "status", "error_kind", "error_message")
SEEN = ("width_px", "height_px", "perceptual_hash", "dominant_colours")


def decode_photos(
    photo_files: Sequence[Row], pool: DecodingPool, ledger: Ledger, earlier: Sequence[Row] = ()
) -> list[Row]:
    """Decode the photos that this batch brings; one row per `ok` row of photo_files, in order.

    A photo that ended its process too often is a failed row without another try. One whose file cannot be had now keeps
    the ok row that `earlier`, the table of an earlier run, has of it; its preview is still that row's.
    """
    brought = _where_they_are([row for row in photo_files if row["status"] == "ok"], ledger)
    set_apart = ledger.quarantined([row["photo_id"] for row in brought], pool.decoder)
    requests = [_request(row) for row in brought if row["photo_id"] not in set_apart]
    decoded = pool.decode(requests, on_result=lambda _: report("decoded"))
    results = {result.photo_id: result for result in [*decoded, *_quarantined(set_apart)]}
    kept = _kept(earlier, results)
    _record_failures((result for result in results.values() if result.photo_id not in kept), ledger, pool.decoder)
    _stop_if_unwritable(decoded)
    rows = [_decoded_row(file, results[file["photo_id"]], pool.provenance) for file in brought]
    return [kept.get(row["photo_id"], row) for row in rows]


def read_metadata(decoded: Sequence[Row], ledger: Ledger) -> list[Row]:
    """Type the tags that decoding read and what sidecars say; one row per photo, in order.

    No original is opened, so metadata can be read again whenever a sidecar changes.
    """
    ok = [row["photo_id"] for row in decoded if row["status"] == "ok"]
    sidecars = ledger.sidecars_of(ok)
    return [carried(row) | (_typed(row, sidecars) if row["status"] == "ok" else {}) for row in decoded]


def sidecars_read(photo_metadata: Sequence[Row]) -> list[tuple[int, str | None]]:
    """The sidecars that went into these rows: each one's file in the ledger, and the signature that was read."""
    listed = (json.loads(row["sidecars_json"] or "[]") for row in photo_metadata)
    return [(file_id, signature) for rows in listed for file_id, signature in rows]


def has_raw(decoded: Iterable[Row]) -> bool:
    """Whether a RAW photo is among these."""
    return any(row["format"] == Format.DNG for row in decoded)


def carried(row: Row) -> Row:
    """What every later table repeats of a photo: its id and, if it failed, why."""
    return {name: row[name] for name in CARRIED}


def _where_they_are(brought: Sequence[Row], ledger: Ledger) -> list[Row]:
    """The rows with a path that holds the photo now: files have moved since a batch of long ago was cut."""
    places = ledger.places_of(row["photo_id"] for row in brought)
    return [row | _place_of(row, places.get(row["photo_id"], ())) for row in brought]


def _place_of(row: Row, places: Sequence[Place]) -> Row:
    if not places or row["path"] in (place.path for place in places):
        return {}
    return {"path": places[0].path, "path_display": places[0].display, "mtime_ns": places[0].mtime_ns}


def _kept(earlier: Sequence[Row], results: Mapping[str, DecodeResult]) -> dict[str, Row]:
    """The earlier ok rows of photos whose file cannot be had now."""
    away = {photo_id for photo_id, result in results.items() if result.error_kind in FILE_KINDS}
    return {row["photo_id"]: row for row in earlier if row["status"] == "ok" and row["photo_id"] in away}


def _request(row: Row) -> DecodeRequest:
    return DecodeRequest(row["photo_id"], row["path"], row["sha256"])


def _record_failures(results: Iterable[DecodeResult], ledger: Ledger, decoder: str) -> None:
    kinds = {result.photo_id: result.error_kind for result in results if result.error_kind}
    ledger.record_failures(kinds, decoder)


def _quarantined(set_apart: Mapping[str, str]) -> list[DecodeResult]:
    return [failed_result(photo_id, QuarantinedError(kind)) for photo_id, kind in set_apart.items()]


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


def _typed(row: Row, sidecars: Mapping[str, Sequence[KnownSidecar]]) -> Row:
    properties, read = _read_sidecars(sidecars.get(row["photo_id"], ()))
    seen = {name: row[name] for name in SEEN}
    return _typed_tags(row, properties) | {"sidecars_json": json.dumps(read) if read else None} | seen


def _read_sidecars(known: Sequence[KnownSidecar]) -> tuple[dict[str, Any], list[tuple[int, str | None]]]:
    """What the sidecars of a photo's files say together, the first file's first, and what of them was read."""
    contents = [(sidecar.file_id, *read_sidecar(sidecar)) for sidecar in known]
    properties = merge_xmp(parse_xmp(content) for _, content, _ in contents if content)
    return properties, [(file_id, signature) for file_id, _, signature in contents]


def _typed_tags(row: Row, sidecar: Mapping[str, Any]) -> Row:
    name, tags = row["path_display"].rpartition("/")[2], json.loads(row["tags_json"] or "{}")
    metadata = asdict(photo_metadata(tags, name=name, mtime_ns=row["mtime_ns"], sidecar=sidecar))
    if metadata["taken_at"] is not None:
        metadata["taken_at"] = metadata["taken_at"].isoformat()
    return metadata
