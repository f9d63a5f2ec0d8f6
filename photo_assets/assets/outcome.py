"""From an asset's rows to Dagster's result: the table, the metadata that every asset tells, the checks."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from photo_assets.provenance import Facts
from photo_assets.tables import SCHEMAS
from resources.tables.schema import Row


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def seconds(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self._start


def materialized(
    context: dg.AssetExecutionContext,
    asset: str,
    batches: Mapping[str, Sequence[Row]],
    made_by: Mapping[str, Facts],
    watch: Stopwatch,
    checks: Sequence[dg.AssetCheckResult],
    **more: Any,
) -> dg.MaterializeResult[Any]:
    """The asset's table of each of the run's batches, with its counts and first failures; all have the run's `more`."""
    from resources.tables.frames import frame_of

    for batch, rows in batches.items():
        told = _told_of(rows) | {"made_by": dg.MetadataValue.json(made_by[batch])}
        context.add_asset_metadata(told, asset, batch)
    frames = {batch: frame_of(rows, SCHEMAS[asset], made_by[batch]) for batch, rows in batches.items()}
    metadata = _speed(sum(map(len, batches.values())), watch) | more
    return dg.MaterializeResult(asset_key=asset, value=frames, metadata=metadata, check_results=list(checks))


def _told_of(rows: Sequence[Row]) -> dict[str, Any]:
    from photo_assets.reporting import first_failures, status_counts

    failures = dg.MetadataValue.md(first_failures(rows))
    return status_counts(rows) | {"dagster/row_count": len(rows), "failures": failures}


def _speed(images: int, watch: Stopwatch) -> dict[str, float]:
    seconds = watch.seconds()
    return {"seconds": seconds, "images_per_second": images / seconds if seconds else 0.0}
