"""From an asset's rows to Dagster's result: the table, the metadata that every asset tells, the checks."""

import time
from collections.abc import Sequence
from typing import Any

import dagster as dg

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
    asset: str, rows: Sequence[Row], watch: Stopwatch, checks: Sequence[dg.AssetCheckResult], **more: Any
) -> dg.MaterializeResult[Any]:
    """The asset's table with its counts, speed, first failures and whatever `more` the asset has to tell."""
    from photo_assets.reporting import first_failures, status_counts
    from resources.tables.frames import frame_of

    seconds = watch.seconds()
    metadata: dict[str, Any] = status_counts(rows) | {
        "dagster/row_count": len(rows),
        "seconds": seconds,
        "images_per_second": len(rows) / seconds if seconds else 0.0,
        "failures": dg.MetadataValue.md(first_failures(rows)),
    }
    frame = frame_of(rows, SCHEMAS[asset])
    return dg.MaterializeResult(asset_key=asset, value=frame, metadata=metadata | more, check_results=list(checks))
