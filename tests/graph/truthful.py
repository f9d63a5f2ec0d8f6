"""A small library of two batches whose ledger, tables and points a test may set at odds, without models or decoders."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photo_assets.repairing import Wrong, find, settle
from photo_assets.steps.collection import BatchTables, write_batch
from photo_assets.steps.following import follow
from photo_assets.tables import (
    CAPTION_EMBEDDINGS,
    COLLECTION_POINTS,
    DECODED_IMAGES,
    IMAGE_CAPTIONS,
    IMAGE_EMBEDDINGS,
    PHOTO_METADATA,
    SCHEMAS,
)
from resources.library.ledger import Ledger
from resources.library.versions import KnownVersion
from resources.tables.frames import frame_of
from resources.tables.schema import Row, Schema
from resources.tables.store import TableStore
from resources.vectors.contents import points_of
from resources.vectors.port import VectorIndex, version_name
from tests.library.conftest import Shelf
from tests.vectors.samples import DIMENSIONS, unit

CLIP = {"clip_model": "tiny", "clip_revision": "1", "preprocessing": "bicubic"}
VERSION = version_name("tiny", "1", "bicubic", DIMENSIONS)
BATCHES, PER_BATCH = 2, 3
NORM = 1.0009  # as far off as a model's may be; an index norms it


@dataclass
class Truthful:
    """Both batches' tables; `index` may be another one from call to call."""

    shelf: Shelf
    store: TableStore
    tables: dict[str, BatchTables]

    @property
    def ledger(self) -> Ledger:
        return self.shelf.ledger

    def write(self, index: VectorIndex, batch: str) -> list[str]:
        """What collection_points does; the photos that lack their point."""
        rows, missing = write_batch(
            batch, self.tables[batch], {"collection_points": {"policy": "1"}}, index, self.ledger, (VERSION, DIMENSIONS)
        )
        self.store.write("collection_points", batch, frame_of(rows, COLLECTION_POINTS), COLLECTION_POINTS)
        return missing

    def wrong(self, index: VectorIndex, *, vectors: bool = False) -> Wrong:
        """What photo_collection finds."""
        follow(self.ledger, index, 1e9, 1.0)
        return find(index, self.ledger, self.store, vectors=vectors)

    def repair(self, index: VectorIndex, *, force: bool = False, vectors: bool = False) -> Wrong:
        """What `photos collection repair` does; what it found."""
        wrong = find(index, self.ledger, self.store, vectors=vectors)
        settle(index, self.ledger, wrong, force=force)
        for due in wrong.due:
            self.write(index, due.batch)
        return wrong

    def add(self, batch: str) -> None:
        """Identify a batch and make its tables; on the disk are those that have vectors, or decide over them."""
        self.tables[batch] = _tables(self.shelf.identify(batch))
        for name in ("image_embeddings", "image_captions", "caption_embeddings"):
            rows, schema = getattr(self.tables[batch], name), SCHEMAS[name]
            self.store.write(name, batch, frame_of(rows, schema), schema)

    def photo_ids(self) -> list[str]:
        return sorted(row["photo_id"] for tables in self.tables.values() for row in tables.decoded_images)


def truthful(folder: Path) -> Truthful:
    """Two batches of three photos each, identified and not yet written."""
    (folder / "photos").mkdir(parents=True)
    shelf = Shelf(folder / "photos", Ledger(folder / "ledger.sqlite"))
    for number in range(BATCHES * PER_BATCH):
        shelf.put(f"{number}.jpg", f"{folder} {number}".encode() * (number + 1))
    batches = shelf.cut(PER_BATCH)
    assert len(batches) == BATCHES
    shelf.ledger.note_version(KnownVersion(VERSION, "tiny", "1", "bicubic", DIMENSIONS))
    library = Truthful(shelf, TableStore(folder / "tables"), {})
    for batch in batches:
        library.add(batch)
    return library


def points_in(index: VectorIndex) -> list[tuple[str, dict[str, Any], bytes]]:
    """All that the version holds."""
    points = (point for chunk in points_of(index, VERSION) for point in chunk)
    return [(point.point_id, point.payload, (point.vector.round(4) + 0).tobytes()) for point in points]


def _tables(files: list[Row]) -> BatchTables:
    numbered = list(enumerate(files))
    return BatchTables(
        [_row(DECODED_IMAGES, file, path_display=file["path_display"], width_px=100 + n) for n, file in numbered],
        [
            _row(PHOTO_METADATA, file, f_number=2.8, iso=100, rating=n, latitude_deg=48.1, longitude_deg=11.5 + n / 7)
            for n, file in numbered
        ],
        [_row(IMAGE_EMBEDDINGS, file, vector=(NORM * unit(1, n)).tolist(), **CLIP) for n, file in numbered],
        [_row(IMAGE_CAPTIONS, file, caption=f"photo {n}", blip_model="b", blip_revision="1") for n, file in numbered],
        [
            _row(CAPTION_EMBEDDINGS, file, caption=f"photo {n}", vector=(NORM * unit(0, 1, n)).tolist(), **CLIP)
            for n, file in numbered
        ],
    )


def _row(schema: Schema, file: Row, **values: Any) -> Row:
    empty = {column.name: "" if column.required else None for column in schema}
    return empty | {"photo_id": file["photo_id"], "status": "ok"} | values
