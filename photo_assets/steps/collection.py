"""collection_points and photo_collection: a batch's photos as points, then the whole compared with the ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from photo_assets.steps.decoding import carried
from resources.inference.port import Provenance
from resources.library.batching import Outcome
from resources.library.ledger import Ledger
from resources.tables.schema import Row
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
)


@dataclass(frozen=True)
class BatchTables:
    """The rows of one batch's tables, each in its table's order; the photo tables are parallel."""

    photo_files: Sequence[Row]
    decoded_images: Sequence[Row]
    photo_metadata: Sequence[Row]
    image_embeddings: Sequence[Row]
    image_captions: Sequence[Row]

    def photos(self) -> Iterable[tuple[Row, Row, Row, Row]]:
        """Decoding, metadata, embedding and caption of each photo."""
        return zip(self.decoded_images, self.photo_metadata, self.image_embeddings, self.image_captions, strict=True)


@dataclass(frozen=True)
class CollectionState:
    """The whole collection against the ledger; ids that differ are listed."""

    version: str | None
    active: str | None
    points: int
    photos: int
    missing: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Every photo of the ledger is a point and every point is a photo."""
        return not self.missing and not self.orphans


def version_of(clip: Provenance, dimensions: int) -> str:
    """The collection version that holds this embedding space."""
    return version_name(clip.model, clip.revision, clip.preprocessing, dimensions)


def put_points(tables: BatchTables, index: VectorIndex, ledger: Ledger, version: str, dimensions: int) -> list[Row]:
    """Write the batch's points and the paths of its copies; one row per photo of the batch, in order."""
    index.create_version(version, dimensions)
    if index.active_version() is None:
        index.switch_alias(version)
    paths = ledger.paths_of(row["photo_id"] for row in tables.photo_files if row["photo_id"])
    points = [_point(*photo, paths) for photo in tables.photos() if _is_complete(*photo)]
    index.upsert(version, points)
    _add_paths_of_copies(tables.photo_files, index, version, paths)
    return [_row(*photo, version) for photo in tables.photos()]


def missing_points(rows: Sequence[Row], index: VectorIndex, version: str) -> list[str]:
    """The photos among the ok `rows` that the index does not hold."""
    wanted = [row["photo_id"] for row in rows if row["status"] == "ok"]
    held = {point.point_id for point in index.retrieve(version, wanted)}
    return [photo_id for photo_id in wanted if photo_id not in held]


def outcomes(rows: Iterable[Row]) -> list[Outcome]:
    """What the ledger is told of each photo."""
    return [Outcome(row["photo_id"], row["status"], row["error_kind"], row["error_message"]) for row in rows]


def reconcile(index: VectorIndex, ledger: Ledger, version: str) -> CollectionState:
    """Compare every point with every photo, and make `version` the one that is searched once it is complete."""
    photos = ledger.ok_photo_ids()
    points = {record.point_id for record in index.scroll(version)} if version in index.versions() else set()
    missing, orphans = sorted(photos - points), sorted(points - photos)
    if photos and not missing and index.active_version() != version:
        index.switch_alias(version)
    return CollectionState(version, index.active_version(), len(points), len(photos), missing, orphans)


def _is_complete(decoded: Row, metadata: Row, embedding: Row, caption: Row) -> bool:
    # A photo without a caption is still found by its picture.
    return bool(embedding["status"] == "ok")


def _row(decoded: Row, metadata: Row, embedding: Row, caption: Row, version: str) -> Row:
    return carried(embedding) | {"collection": version}


def _point(decoded: Row, metadata: Row, embedding: Row, caption: Row, paths: dict[str, list[str]]) -> Point:
    photo_id = decoded["photo_id"]
    payload = {
        "photo_id": photo_id,
        "paths": paths[photo_id],
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
    } | {name: metadata[name] for name in PAYLOAD_FROM_METADATA}
    known = {name: value for name, value in payload.items() if value is not None}
    return Point(photo_id, np.asarray(embedding["vector"], dtype=np.float32), known)


def camera(make: str | None, model: str | None) -> str | None:
    """Maker and model as one name; many models already begin with their maker's."""
    if make and model and not model.lower().startswith(make.lower().split()[0]):
        return f"{make} {model}"
    return model or make


def _location(metadata: Row) -> dict[str, Any] | None:
    if metadata["latitude_deg"] is None or metadata["longitude_deg"] is None:
        return None
    return {"lat": metadata["latitude_deg"], "lon": metadata["longitude_deg"]}


def _add_paths_of_copies(
    photo_files: Sequence[Row], index: VectorIndex, version: str, paths: dict[str, list[str]]
) -> None:
    """A copy of a photo that an earlier batch brought only adds a path to its point."""
    copies = {row["photo_id"] for row in photo_files if row["status"] == "duplicate"}
    # A copy whose photo waits in a batch not yet done is passed over: that batch writes all paths.
    index.set_payload(version, {photo_id: {"paths": paths[photo_id]} for photo_id in sorted(copies)})
