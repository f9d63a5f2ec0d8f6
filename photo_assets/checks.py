"""The asset checks: what must hold of every batch, judged where the rows still are.

Each check is declared in CHECKS and evaluated by the function of its name. They are evaluated inside the asset's own
step: a check step of its own would cost more than the check.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from resources.tables.schema import Row

if TYPE_CHECKING:
    from photo_assets.steps.truth import Differences

# A vector's norm in float32 is this near to 1.
NORM_TOLERANCE = 1e-3
SHOWN_IDS = 20

_ROWS_COMPLETE = ("rows_complete", "One row out for every row in: no photo is lost or doubled.", True)

CHECKS: dict[str, tuple[tuple[str, str, bool], ...]] = {
    "photo_files": (_ROWS_COMPLETE,),
    "decoded_images": (_ROWS_COMPLETE,),
    "photo_metadata": (_ROWS_COMPLETE,),
    "image_embeddings": (
        _ROWS_COMPLETE,
        ("vectors_are_unit", "Every vector is finite and of norm 1.", True),
    ),
    "image_captions": (_ROWS_COMPLETE, ("captions_not_empty", "Every caption has words.", False)),
    "caption_embeddings": (
        _ROWS_COMPLETE,
        ("vectors_are_unit", "Every vector is finite and of norm 1.", True),
    ),
    "collection_points": (
        _ROWS_COMPLETE,
        ("points_match_rows", "The collection holds a point for every ok row of the batch.", True),
    ),
    "collection_index": (),
    "collection_snapshot": (),
    "library_audit": (("originals_intact", "No original that was read again is other than it was.", False),),
    "photo_collection": (
        ("collection_matches_ledger", "Every photo is a point, every point a photo, and says what it should.", True),
        ("roots_are_whole", "No folder misses so much that nothing below it is taken for missing.", False),
    ),
}


def check_specs(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks of one asset, as Dagster wants them declared."""
    return [
        dg.AssetCheckSpec(name, asset=asset, description=description, blocking=blocking)
        for name, description, blocking in CHECKS[asset]
    ]


def rows_complete(
    asset: str, expected: Sequence[Any], rows: Sequence[Row], key: str = "photo_id"
) -> dg.AssetCheckResult:
    """The rows' keys are exactly the expected ones, in order."""
    found = [row[key] for row in rows]
    wrong = sorted({str(item) for item in set(expected) ^ set(found)})
    return _result(
        asset, "rows_complete", found == list(expected), rows_in=len(expected), rows_out=len(found), wrong=wrong
    )


def vectors_are_unit(asset: str, rows: Sequence[Row]) -> dg.AssetCheckResult:
    """Every ok row has a finite vector of norm 1."""
    import numpy as np

    norms = {row["photo_id"]: float(np.linalg.norm(row["vector"])) for row in rows if row["status"] == "ok"}
    # Written so that a norm that is not a number is wrong too.
    wrong = [photo_id for photo_id, norm in norms.items() if not abs(norm - 1) <= NORM_TOLERANCE]
    return _result(asset, "vectors_are_unit", not wrong, vectors=len(norms), wrong=wrong)


def captions_not_empty(rows: Sequence[Row]) -> dg.AssetCheckResult:
    """Every ok row has a caption with words."""
    wrong = [row["photo_id"] for row in rows if row["status"] == "ok" and not (row["caption"] or "").strip()]
    return _result("image_captions", "captions_not_empty", not wrong, wrong=wrong)


def points_match_rows(rows: Sequence[Row], missing: Sequence[str]) -> dg.AssetCheckResult:
    """No ok row lacks its point."""
    ok = sum(row["status"] == "ok" for row in rows)
    return _result("collection_points", "points_match_rows", not missing, ok_rows=ok, wrong=list(missing))


def collection_matches_ledger(found: "Differences") -> dg.AssetCheckResult:
    """The collection as a whole against the ledger and the tables; the metadata lists what differs, and what to do.

    Photos that only wait for the settings' model fail it too, and block nothing.
    """
    lists = found.by_kind()
    metadata: dict[str, Any] = {"photos": found.photos, "points": found.points}
    metadata |= {name: len(ids) for name, ids in lists.items()}
    metadata |= {f"{name}_ids": dg.MetadataValue.json(ids[:SHOWN_IDS]) for name, ids in lists.items() if ids}
    if remedy := found.remedy():
        metadata["remedy"] = remedy
    severity = dg.AssetCheckSeverity.ERROR if found.is_wrong else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        asset_key="photo_collection",
        check_name="collection_matches_ledger",
        passed=found.is_none,
        severity=severity,
        metadata=metadata,
    )


def roots_are_whole(held: Mapping[bytes, str]) -> dg.AssetCheckResult:
    """No root waits for a person's word; the metadata has each one's reason and what to do."""
    from photo_assets.steps.scanning import told_held

    metadata: dict[str, Any] = {"held": len(held)}
    for number, (root, reason) in enumerate(held.items(), start=1):
        metadata[f"root {number}"] = told_held(root, reason)
    name = "roots_are_whole"
    return dg.AssetCheckResult(asset_key="photo_collection", check_name=name, passed=not held, metadata=metadata)


def originals_intact(wrong: Sequence[str]) -> dg.AssetCheckResult:
    """No original has changed by itself; `wrong` are the paths of those that have."""
    return _result("library_audit", "originals_intact", not wrong, wrong=wrong)


def _result(asset: str, name: str, passed: bool, *, wrong: Sequence[str], **numbers: int) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = dict(numbers) | {"wrong": len(wrong)}
    if wrong:
        metadata["wrong_ids"] = dg.MetadataValue.json(list(wrong[:SHOWN_IDS]))
    return dg.AssetCheckResult(asset_key=asset, check_name=name, passed=passed, metadata=metadata)
