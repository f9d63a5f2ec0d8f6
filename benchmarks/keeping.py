"""Keeping what was measured: one JSON file of raw samples for each benchmark."""

import json
from typing import Any

from benchmarks.tables import RESULTS


def keep(name: str, place: dict[str, object], samples: list[dict[str, Any]]) -> None:
    """Write results/NAME.json: where it was measured, and every sample."""
    result = {"benchmark": name, "environment": place, "samples": samples}
    RESULTS.mkdir(exist_ok=True)
    # The marker of a complete benchmark is its file, so it is written last and at once.
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
