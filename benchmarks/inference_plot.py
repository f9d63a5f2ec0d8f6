"""The plot of inference in docs/benchmarks.md, from the raw samples: `python -m benchmarks.inference_plot`."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.inference_choice import is_ours
from benchmarks.inference_tables import Samples, by_model, rates
from benchmarks.tables import RESULTS

PLOT = Path(__file__).parents[1] / "docs" / "inference.png"
_OURS, _PLAIN = "#1b6ca8", "#9aa5b1"


def draw() -> None:
    """Draw a panel for each model: a bar for each way."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    result = json.loads((RESULTS / "inference.json").read_text())
    models = by_model([sample for sample in result["samples"] if "skipped" not in sample])
    with rc_context({"font.size": 7}):
        figure = Figure(figsize=(8, 1.9 * ((len(models) + 1) // 2) + 0.6), layout="constrained")
        for number, (title, ways) in enumerate(models.items(), start=1):
            _draw_panel(figure.add_subplot((len(models) + 1) // 2, 2, number), title, ways)
        figure.suptitle(f"pictures/s by way and batch, {result['environment']['hardware']}", fontsize=8)
        figure.savefig(PLOT, dpi=90, metadata={"Software": None})


def _draw_panel(panel: Any, title: str, ways: Mapping[str, Samples]) -> None:
    speeds = [median(rates(runs)) for runs in ways.values()]
    bars = panel.barh(list(ways), speeds, color=[_OURS if is_ours(runs[0]) else _PLAIN for runs in ways.values()])
    panel.bar_label(bars, fmt="%.3g", padding=2)
    panel.invert_yaxis()
    panel.margins(x=0.14)
    panel.set_title(title)
    panel.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw()
