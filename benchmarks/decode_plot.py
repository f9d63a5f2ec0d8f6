"""The plot of docs/benchmarks.md, from the raw samples: `python -m benchmarks.decode_plot`."""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.decode_tables import EQUAL_QUALITY_DB, Samples, by_file, is_equal_quality, medians_ms
from benchmarks.decode_ways import OURS, OURS_WHOLE
from benchmarks.tables import RESULTS

PLOT = Path(__file__).parents[1] / "docs" / "decoding.png"
_OURS, _EQUAL, _LESS = "#1b6ca8", "#9aa5b1", "#e3b7a0"


def draw() -> None:
    """Draw a panel for each generated file: a bar for each way, paler where its quality is less."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    files = by_file(json.loads((RESULTS / "decode.json").read_text())["samples"])
    with rc_context({"font.size": 7}):
        figure = Figure(figsize=(8, 7.6), layout="constrained")
        for number, (title, ways) in enumerate(files.items(), start=1):
            _draw_panel(figure.add_subplot(4, 2, number), title, ways)
        figure.suptitle(
            f"ms from path to pixels, short side 512, one thread; red: below {EQUAL_QUALITY_DB:.0f} dB", fontsize=8
        )
        figure.savefig(PLOT, dpi=90, metadata={"Software": None})


def _draw_panel(panel: Any, title: str, ways: Mapping[str, Samples]) -> None:
    spent = [median(medians_ms(runs)) for runs in ways.values()]
    bars = panel.barh(list(ways), spent, color=[_colour(way, runs) for way, runs in ways.items()])
    panel.bar_label(bars, fmt="%.0f", padding=2)
    panel.invert_yaxis()
    panel.margins(x=0.12)
    panel.set_title(title)
    panel.spines[["top", "right"]].set_visible(False)


def _colour(way: str, runs: Samples) -> str:
    if way in (OURS, OURS_WHOLE):
        return _OURS
    return _EQUAL if is_equal_quality(runs) else _LESS


if __name__ == "__main__":
    draw()
