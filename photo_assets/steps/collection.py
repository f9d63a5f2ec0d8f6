"""collection_points: a batch's photos as points. The whole of them is compared with the ledger in truth.py."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from photo_assets.steps.decoding import carried, sidecars_read
from photo_assets.steps.following import placed
from photo_assets.steps.truth import OF_THE_VECTOR, payload_digest
from resources.inference.port import InferenceEngine, Provenance
from resources.library.batching import Outcome
from resources.library.ledger import Ledger
from resources.tables.schema import Row
from resources.vectors.contents import ids_of
from resources.vectors.port import Point, VectorIndex, version_name

PAYLOAD_FROM_METADATA = (
    "taken_at",
    "lens_model",
    "exposure_s",
    "f_number",
    "iso",
    "focal_length_mm",
    "focal_length_35mm_mm",
    "flash_fired",
    "title",
    "description",
    "keywords",
    "rating",
    "label",
    "perceptual_hash",
)

# A tenth of a millimetre from the pole: Qdrant's grid of places takes 90 degrees itself for the other pole.
_NORTHMOST_DEG = 90 - 1e-9

# The row of a photo whose points were deleted and that no file holds.
REMOVED = {
    "status": "removed",
    "error_kind": "removed",
    "error_message": "no file has held it for longer than PHOTO_MISSING_GRACE_DAYS; put one back and it is found again",
}


@dataclass(frozen=True)
class BatchTables:
    """The rows of one batch's tables: parallel, one row per photo.

    A batch of an earlier release has no `caption_embeddings` until it is refreshed.
    """

    decoded_images: Sequence[Row]
    photo_metadata: Sequence[Row]
    image_embeddings: Sequence[Row]
    image_captions: Sequence[Row]
    caption_embeddings: Sequence[Row] = ()

    def space(self) -> tuple[str, int] | None:
        """The collection version that the batch's vectors belong to and their length, if there are any.

        It is another than the settings' as long as the batch was not inferred anew with another model.
        """
        ok = next((row for row in self.image_embeddings if row["status"] == "ok"), None)
        if ok is None:
            return None
        dimensions = len(ok["vector"])
        return version_name(ok["clip_model"], ok["clip_revision"], ok["preprocessing"], dimensions), dimensions

    def photos(self) -> Iterable[tuple[Row, Row, Row, Row]]:
        """Decoding, metadata, embedding and caption of each photo."""
        return zip(self.decoded_images, self.photo_metadata, self.image_embeddings, self.image_captions, strict=True)

    def vectors(self) -> dict[str, np.ndarray]:
        """The vectors of the photos' pictures."""
        ok = (row for row in self.image_embeddings if row["status"] == "ok")
        return {row["photo_id"]: np.asarray(row["vector"], dtype=np.float32) for row in ok}

    def caption_vectors(self) -> dict[str, np.ndarray]:
        """The vectors of the photos' captions: of the caption that each has now, in the space of its picture's."""
        pictures = {row["photo_id"]: row for row in self.image_embeddings}
        captions = {row["photo_id"]: row["caption"] for row in self.image_captions}
        return {
            row["photo_id"]: np.asarray(row["vector"], dtype=np.float32)
            for row in self.caption_embeddings
            if row["status"] == "ok"
            and row["caption"] == captions.get(row["photo_id"])
            and _model_of(row) == _model_of(pictures.get(row["photo_id"], {}))
        }


def version_of(clip: Provenance, dimensions: int) -> str:
    """The collection version that holds this embedding space."""
    return version_name(clip.model, clip.revision, clip.preprocessing, dimensions)


def space_of(engine: InferenceEngine) -> tuple[str, int]:
    """The collection version that the engine's vectors belong to, and their length."""
    return version_of(engine.clip, engine.dimensions), engine.dimensions


def put_points(tables: BatchTables, index: VectorIndex, ledger: Ledger, version: str, dimensions: int) -> list[Row]:
    """Write the batch's points; one row per photo of the batch, in order.

    A photo that was removed stays so until a file holds it again.
    """
    index.create_version(version, dimensions)
    if index.active_version() is None:
        index.switch_alias(version)
    paths = ledger.paths_of(row["photo_id"] for row in tables.decoded_images)
    removed = ledger.removed_of(photo_id for photo_id, held_by in paths.items() if not held_by)
    inferred = zip(tables.image_embeddings, tables.image_captions, strict=True)
    rows = [_row(embedding, caption, version, removed) for embedding, caption in inferred]
    places = _places(paths, index, version)
    # A photo without a caption is still found by its picture.
    written = [photo for photo, row in zip(tables.photos(), rows, strict=True) if row["status"] == "ok"]
    payloads = [_payload(*photo, places) for photo in written]
    worded = tables.caption_vectors()
    index.upsert(version, [_point(photo[2], payload, worded) for photo, payload in zip(written, payloads, strict=True)])
    _tell_other_versions(payloads, index, version)
    tell_newer_paths(paths, ledger, index)
    digests = {payload["photo_id"]: payload_digest(payload) for payload in payloads}
    return [row | {"payload_digest": digests.get(row["photo_id"])} for row in rows]


def write_batch(
    batch: str,
    tables: BatchTables,
    made_by: Mapping[str, Mapping[str, str]],
    index: VectorIndex,
    ledger: Ledger,
    space: tuple[str, int],
) -> tuple[list[Row], list[str]]:
    """Write a batch's points and, when every one is there, tell the ledger that it is done and what made its tables.

    One row per photo of the batch, in order, and the photos that lack their point.
    """
    rows = put_points(tables, index, ledger, *space)
    missing = missing_points(rows, index, space[0])
    if not missing:
        ledger.finish_batch(batch, outcomes(rows), sidecars_read(tables.photo_metadata), made_by)
    return rows, missing


def missing_points(rows: Sequence[Row], index: VectorIndex, version: str) -> list[str]:
    """The photos among the ok `rows` that the index does not hold."""
    wanted = [row["photo_id"] for row in rows if row["status"] == "ok"]
    held = {point.point_id for point in index.retrieve(version, wanted)}
    return [photo_id for photo_id in wanted if photo_id not in held]


def outcomes(rows: Iterable[Row]) -> list[Outcome]:
    """What the ledger is told of each photo."""
    return [Outcome(row["photo_id"], row["status"], row["error_kind"], row["error_message"]) for row in rows]


def ids_in(index: VectorIndex, version: str) -> set[str]:
    """The photos that a version holds; none where there is no such version."""
    return ids_of(index, version) if version in index.versions() else set()


def _row(embedding: Row, caption: Row, version: str, removed: Collection[str]) -> Row:
    row = carried(embedding) | {"collection": version}
    if embedding["status"] == "ok":
        row |= {name: caption[name] for name in ("error_kind", "error_message")}
    return row | REMOVED if row["photo_id"] in removed else row


def _places(paths: Mapping[str, Sequence[str]], index: VectorIndex, version: str) -> dict[str, dict[str, Any]]:
    """What each photo's point is to say of where it is; one that is offline keeps the paths that its point has."""
    offline = [photo_id for photo_id, held_by in paths.items() if not held_by]
    # A version that is only being made has no point of it yet; the one that is searched has.
    known = {index.active_version() or version, version} if offline else set()
    records = (record for each in known for record in index.retrieve(each, offline))
    kept = {record.point_id: {"paths": record.payload["paths"]} for record in records}
    return {photo_id: kept.get(photo_id, {}) | placed(held_by) for photo_id, held_by in paths.items()}


def _tell_other_versions(payloads: Iterable[dict[str, Any]], index: VectorIndex, version: str) -> None:
    """What is told of a photo is the same in every version that has it; only the vector is another model's.

    With what it lacks, as None: the other version may have had it.
    """
    told = {
        payload["photo_id"]: {name: value for name, value in payload.items() if name not in OF_THE_VECTOR}
        for payload in payloads
    }
    for other in index.versions() if told else ():
        if other != version:
            index.set_payload(other, told)


def tell_newer_paths(paths: Mapping[str, Sequence[str]], ledger: Ledger, index: VectorIndex) -> None:
    """Tell what changed since the paths were read: what another process told meanwhile was overwritten."""
    now = ledger.paths_of(paths)
    newer = {photo_id: placed(held_by) for photo_id, held_by in now.items() if held_by != paths[photo_id]}
    for version in index.versions() if newer else ():
        index.set_payload(version, newer)


def _point(embedding: Row, payload: Mapping[str, Any], worded: Mapping[str, np.ndarray]) -> Point:
    photo_id = embedding["photo_id"]
    told = {name: value for name, value in payload.items() if value is not None}
    return Point(photo_id, np.asarray(embedding["vector"], dtype=np.float32), told, worded.get(photo_id))


def _model_of(row: Row) -> tuple[Any, Any]:
    return row.get("clip_model"), row.get("clip_revision")


def _payload(
    decoded: Row, metadata: Row, embedding: Row, caption: Row, places: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """What is told of a photo; None for what is not known."""
    photo_id = decoded["photo_id"]
    payload = {
        "photo_id": photo_id,
        "paths": [decoded["path_display"]],
        "caption": caption.get("caption"),
        "format": decoded["format"],
        "width_px": decoded["width_px"],
        "height_px": decoded["height_px"],
        "camera": camera(metadata["camera_make"], metadata["camera_model"]),
        "location": _location(metadata),
        "decoder": decoded["decoder"],
        "clip_model": embedding["clip_model"],
        "clip_revision": embedding["clip_revision"],
        "blip_model": caption["blip_model"],
        "blip_revision": caption["blip_revision"],
        "preprocessing": embedding["preprocessing"],
    }
    return payload | {name: metadata[name] for name in PAYLOAD_FROM_METADATA} | places[photo_id]


def camera(make: str | None, model: str | None) -> str | None:
    """Maker and model as one name; many models already begin with their maker's."""
    if make and model and not model.lower().startswith(make.lower().split()[0]):
        return f"{make} {model}"
    return model or make


def _location(metadata: Row) -> dict[str, Any] | None:
    if metadata["latitude_deg"] is None or metadata["longitude_deg"] is None:
        return None
    return {"lat": min(metadata["latitude_deg"], _NORTHMOST_DEG), "lon": metadata["longitude_deg"]}
