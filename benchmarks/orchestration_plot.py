"""The plot of where the seconds went, from the raw samples: `python -m benchmarks.orchestration_plot`."""

import json
from pathlib import Path
from typing import Any

from benchmarks.orchestration_shares import BETWEEN, START
from benchmarks.orchestration_tables import TITLES, median_shares
from benchmarks.tables import RESULTS

_COLOURS = ("#f2b134", "#7fb069", "#c8553d", "#8e6c8a", "#1b6ca8", "#6fb1d6", "#e59572", "#4f6d7a")
PLOT = Path(__file__).parents[1] / "docs" / "orchestration.png"


def draw() -> None:
    """Draw a panel for each number of photos: a stacked bar for each way, in seconds per 1,000 photos."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    results = {int(path.stem.split("_")[1]): json.loads(path.read_text()) for path in RESULTS.glob("orchestration_*")}
    with rc_context({"font.size": 7}):
        figure = Figure(figsize=(8, 1.1 * len(results) + 0.9), layout="constrained")
        for number, (photos, result) in enumerate(sorted(results.items()), start=1):
            panel = figure.add_subplot(len(results), 1, number)
            _draw_panel(panel, photos, result["samples"])
        figure.legend(*panel.get_legend_handles_labels(), loc="outside lower center", ncols=5)
        figure.savefig(PLOT, dpi=110, metadata={"Software": None})


def _draw_panel(panel: Any, photos: int, samples: list[dict[str, Any]]) -> None:
    ways = [median_shares([sample for sample in samples if sample["way"] == way]) for way in TITLES]
    titles = [title.replace("`", "") for title in TITLES.values()]
    left = [0.0] * len(ways)
    for number, part in enumerate(ways[0] | ways[1] | ways[2]):
        seconds = [1000 * way.get(part, 0.0) / photos for way in ways]
        grey = {START: "#c9ced6", BETWEEN: "#8a929e"}.get(part)
        panel.barh(titles, seconds, left=left, label=part, color=grey or _COLOURS[number % len(_COLOURS)])
        left = [before + spent for before, spent in zip(left, seconds, strict=True)]
    panel.invert_yaxis()
    panel.set_title(f"{photos:,} photos: seconds per 1,000", fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    draw()
