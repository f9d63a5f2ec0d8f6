"""Writes the tables of docs/benchmarks.md from the raw samples: `python -m benchmarks.tables`.

Text around the tables is written by hand; what stands between the markers is not.
"""

import json
import re
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.collection_tables import collection_lines
from benchmarks.decode_tables import decode_lines, pool_lines
from benchmarks.inference_tables import inference_lines
from benchmarks.library_tables import library_lines
from benchmarks.prototype_tables import prototype_lines

RESULTS = Path(__file__).parent / "results"
_OF_SAMPLES = {
    "decode": decode_lines,
    "decode_real": decode_lines,
    "decode_pool": pool_lines,
    "inference": inference_lines,
    "library": library_lines,
    "collection": collection_lines,
    "prototype": prototype_lines,
}
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> None:
    """Replace every generated part of the page."""
    PAGE.write_text(with_tables(PAGE.read_text()))


def with_tables(page: str) -> str:
    """The page with each `<!-- table: NAME -->` part made anew from results/NAME.json."""
    pattern = re.compile(r"<!-- table: (\w+) -->\n.*?<!-- end -->", re.DOTALL)
    return pattern.sub(lambda found: f"<!-- table: {found[1]} -->\n{table(found[1])}\n<!-- end -->", page)


def table(name: str) -> str:
    """The Markdown table of one result file: where its runs were made, and medians over them."""
    result = json.loads((RESULTS / f"{name}.json").read_text())
    place = result["environment"]
    where = f"{place['processor']}, {place['cores']} cores, {place['memory_gb']} GB; "
    busy = f" Load average before: {place['load_before']}." if "load_before" in place else ""
    return "\n".join([where + f"medians of {_runs(result['samples'])} runs." + busy, "", *_lines(result)])


def _lines(result: dict[str, Any]) -> list[str]:
    if result["benchmark"] == "whole_path":
        rows = _rows(result["photos"], result["samples"])
        return ["| what | median | all runs |", "|---|--:|---|", *(_line(what, values) for what, values in rows)]
    return _OF_SAMPLES[result["benchmark"]](result["samples"])


def _runs(samples: list[dict[str, Any]]) -> int:
    """How many runs there were: samples that name none are a run each."""
    return len({sample.get("run", number) for number, sample in enumerate(samples)})


def _rows(photos: int, samples: list[dict[str, Any]]) -> list[tuple[str, list[float]]]:
    ingest = [sample["ingest_s"] for sample in samples]
    stages = {name: [sample["stages_s"].get(name, 0.0) for sample in samples] for name in samples[0]["stages_s"]}
    return [
        ("ingest, s", ingest),
        ("photos/s", [photos / seconds for seconds in ingest]),
        *((f"{name}, s", values) for name, values in sorted(stages.items(), key=lambda stage: -median(stage[1]))),
        ("peak memory, MB", [sample["peak_mb"] for sample in samples]),
        *_quality_rows([sample["quality"] for sample in samples]),
    ]


def _quality_rows(qualities: list[dict[str, Any]]) -> list[tuple[str, list[float]]]:
    groups = {"all formats": qualities}
    groups |= {name: [quality["formats"][name] for quality in qualities] for name in qualities[0]["formats"]}
    measures = {"captions exact": "caption_exact", "text to photo recall@1": "recall_at_1"}
    return [
        (f"{title}, {group}, %", [100 * quality[key] for quality in members])
        for title, key in measures.items()
        for group, members in groups.items()
    ]


def _line(what: str, values: list[float]) -> str:
    return f"| {what} | {median(values):.1f} | {', '.join(f'{value:.1f}' for value in values)} |"


if __name__ == "__main__":
    main()
