"""What a materialization tells a person: counts, speeds, the first failures, a contact sheet.

Values are plain; the assets wrap them as Dagster metadata. Everything here stays far below 100 kB, because metadata is
kept in the event log.
"""

import base64
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from resources.tables.schema import Row

SHOWN_FAILURES = 10
SHEET_COLUMNS, SHEET_ROWS, TILE_PX = 4, 3, 144
MAX_SHEET_BYTES = 70_000  # 94 kB once base64-encoded


def status_counts(rows: Sequence[Row]) -> dict[str, int]:
    """How many rows have each status; `rows` is their sum, `failed` is always told."""
    counts = Counter(row["status"] for row in rows)
    return {"rows": len(rows), "ok": counts["ok"], "failed": counts["failed"]} | dict(counts)


def first_failures(rows: Sequence[Row]) -> str:
    """A Markdown table of the first failed rows with their reasons."""
    failed = [row for row in rows if row["status"] == "failed"]
    if not failed:
        return "none"
    lines = [f"| {cell(_name(row))} | {cell(row['error_kind'])} | {cell(row['error_message'])} |" for row in failed]
    more = [f"\n… and {len(failed) - SHOWN_FAILURES} more: `photos failures`"] if len(failed) > SHOWN_FAILURES else []
    return "\n".join(["| photo | kind | reason |", "|---|---|---|", *lines[:SHOWN_FAILURES], *more])


def percentiles_ms(rows: Sequence[Row], column: str) -> dict[str, float]:
    """Median and 95th percentile of a column of milliseconds."""
    values = [row[column] for row in rows if row[column] is not None]
    if not values:
        return {}
    p50, p95 = np.percentile(values, [50, 95])
    return {f"p50_{column}": float(p50), f"p95_{column}": float(p95)}


def contact_sheet(thumbnails: Sequence[Path]) -> str:
    """The first 12 thumbnails as one picture, in Markdown that needs no server."""
    sheet = Image.new("RGB", (SHEET_COLUMNS * TILE_PX, SHEET_ROWS * TILE_PX), "white")
    for place, path in enumerate(thumbnails[: SHEET_COLUMNS * SHEET_ROWS]):
        sheet.paste(_tile(path), ((place % SHEET_COLUMNS) * TILE_PX, (place // SHEET_COLUMNS) * TILE_PX))
    return f"![contact sheet](data:image/jpeg;base64,{base64.b64encode(_jpeg_below(sheet)).decode()})"


def captions_shown(rows: Sequence[Row]) -> str:
    """The first captions as a Markdown list."""
    return "\n".join(f"* {cell(row['caption'])}" for row in rows[:SHOWN_FAILURES] if row.get("caption")) or "none"


def _tile(path: Path) -> Image.Image:
    with Image.open(path, formats=("JPEG",)) as thumbnail:
        picture = thumbnail.convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side)).resize((TILE_PX - 4, TILE_PX - 4))


def _jpeg_below(sheet: Image.Image) -> bytes:
    for quality in (75, 55, 35, 15):
        encoded = BytesIO()
        sheet.save(encoded, "JPEG", quality=quality)
        if encoded.tell() <= MAX_SHEET_BYTES:
            break
    return encoded.getvalue()


def _name(row: Row) -> str:
    return str(row.get("path_display") or row["photo_id"])


def cell(value: Any) -> str:
    """A value as the text of a Markdown table's cell, at most 200 characters."""
    # File names and decoder messages come from outside: no markup and no line of theirs gets into the page.
    text = str(value).replace("|", "\\|").replace("<", "&lt;").replace("`", "'")
    return " ".join(text.split())[:200]
