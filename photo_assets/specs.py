"""What each asset is, as data: its place in the graph, its kinds, its owner, its code version and its description.

One table instead of seven decorators' worth of the same arguments. Count a code version up when the same inputs would
give other rows.
"""

from dataclasses import dataclass
from typing import Any

import dagster as dg

from photo_assets.tables import SCHEMAS

OWNERS = ["team:photo-platform"]


@dataclass(frozen=True)
class Spec:
    """One asset's description for the Dagster UI."""

    group: str
    kinds: frozenset[str]
    code_version: str
    description: str


SPECS = {
    "photo_files": Spec(
        "library",
        frozenset({"file", "pandas", "parquet"}),
        "1",
        "The files of a batch and the photo each one holds, named by its content. Originals are only read.",
    ),
    "decoded_images": Spec(
        "library",
        frozenset({"image", "pandas", "parquet"}),
        "2",
        "One preview (sRGB, upright, short side 512 px) and one thumbnail per photo. The only asset that opens "
        "originals for pixels; a photo that cannot be decoded is a row with its reason.",
    ),
    "photo_metadata": Spec(
        "library",
        frozenset({"pandas", "parquet"}),
        "2",
        "When, where and with which camera each photo was taken and what people say of it, typed from the file's own "
        "tags and its sidecar.",
    ),
    "image_embeddings": Spec(
        "inference",
        frozenset({"pytorch", "huggingface", "parquet"}),
        "1",
        "One CLIP vector of norm 1 per photo, made from its preview.",
    ),
    "image_captions": Spec(
        "inference",
        frozenset({"pytorch", "huggingface", "parquet"}),
        "2",
        "One BLIP caption per photo, made from its preview.",
    ),
    "caption_embeddings": Spec(
        "inference",
        frozenset({"pytorch", "huggingface", "parquet"}),
        "1",
        "One CLIP vector of norm 1 per caption, by the text side of the model that embeds the pictures.",
    ),
    "collection_points": Spec(
        "collection",
        frozenset({"qdrant", "parquet"}),
        "2",
        "The batch's photos as points in Qdrant: the vectors of picture and caption, metadata, paths, provenance. A "
        "replay overwrites.",
    ),
    "photo_collection": Spec(
        "collection",
        frozenset({"qdrant"}),
        "1",
        "The whole collection: its version, its alias, and how it compares with the ledger.",
    ),
    "collection_index": Spec(
        "collection",
        frozenset({"qdrant"}),
        "1",
        "The search graph of the version that is searched, which makes queries of a large collection fast, and its "
        "vectors in int8 where that is set. Built apart from the points, and searched meanwhile.",
    ),
    "collection_snapshot": Spec(
        "collection",
        frozenset({"qdrant", "file"}),
        "1",
        "The version that is searched, saved as one file and proven: restored beside the collection and compared point "
        "by point. The latest PHOTO_SNAPSHOTS_KEPT are kept.",
    ),
    "library_audit": Spec(
        "library",
        frozenset({"file"}),
        "1",
        "A part of the originals read again each week and compared with what they were, to find what a disk changed by "
        "itself. Nothing is repaired or deleted.",
    ),
}


def described(name: str) -> dict[str, Any]:
    """The arguments that `dg.asset` and `dg.AssetOut` share."""
    spec = SPECS[name]
    return {
        "group_name": spec.group,
        "kinds": set(spec.kinds),
        "owners": OWNERS,
        "code_version": spec.code_version,
        "description": spec.description,
        "metadata": _column_schema(name),
        "dagster_type": dg.Any,
    }


def _column_schema(name: str) -> dict[str, Any]:
    if name not in SCHEMAS:
        return {}
    columns = [
        dg.TableColumn(
            column.name,
            column.type,
            column.description,
            constraints=dg.TableColumnConstraints(nullable=not column.required),
        )
        for column in SCHEMAS[name]
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}
