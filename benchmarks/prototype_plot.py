"""The plot of the prototype's ladder, from the raw samples: `python -m benchmarks.prototype_plot`."""

import json
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.prototype_tables import Samples, by_course, title
from benchmarks.prototype_ways import OURS
from benchmarks.tables import RESULTS

PLOT = Path(__file__).parents[1] / "docs" / "prototype.png"
_OURS, _RUNG = "#1b6ca8", "#9aa5b1"


def draw() -> None:
    """Draw a panel for each course: a bar for each rung that was climbed."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    courses = by_course(json.loads((RESULTS / "prototype.json").read_text())["samples"])
    rows = [max(len(ways) for ways in pair) for pair in _pairs([*courses.values()])]
    with rc_context({"font.size": 7}):
        figure = Figure(figsize=(8, 0.2 * sum(rows) + 0.5 * len(rows) + 0.4), layout="constrained")
        grid = figure.add_gridspec(len(rows), 2, height_ratios=rows)
        for number, (course, ways) in enumerate(courses.items()):
            _draw_panel(figure.add_subplot(grid[number // 2, number % 2]), title(course), ways)
        figure.suptitle("seconds from files to searchable points, models loaded in every run", fontsize=8)
        figure.savefig(PLOT, dpi=90, metadata={"Software": None})


def _draw_panel(panel: Any, course: str, ways: dict[str, Samples]) -> None:
    spent = [median(run["wall_s"] for run in runs) for runs in ways.values()]
    bars = panel.barh(list(ways), spent, color=[_OURS if way == OURS else _RUNG for way in ways])
    panel.bar_label(bars, fmt="%.0f", padding=2)
    panel.invert_yaxis()
    panel.margins(x=0.14)
    panel.set_title(course, fontsize=6)
    panel.spines[["top", "right"]].set_visible(False)


def _pairs(values: list[Any]) -> list[list[Any]]:
    return [values[start : start + 2] for start in range(0, len(values), 2)]


if __name__ == "__main__":
    draw()
