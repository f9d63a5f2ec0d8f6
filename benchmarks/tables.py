"""Writes the tables of docs/benchmarks.md and of the README from the raw samples: `python -m benchmarks.tables`.

Text around the tables is written by hand, and has no measured figure; what stands between the markers is not.
"""

import json
import re
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.collection_tables import collection_lines
from benchmarks.decode_tables import decode_lines, pool_lines, verdict_lines
from benchmarks.inference_tables import inference_lines
from benchmarks.library_tables import library_lines
from benchmarks.limit_tables import limit_lines
from benchmarks.peers_tables import peers_lines
from benchmarks.prototype_tables import prototype_lines
from benchmarks.readme_tables import ingest_lines

RESULTS = Path(__file__).parent / "results"
_OF_SAMPLES = {
    "decode": decode_lines,
    "decode_real": decode_lines,
    "decode_pool": pool_lines,
    "inference": inference_lines,
    "library": library_lines,
    "limit": limit_lines,
    "collection": collection_lines,
    "prototype": prototype_lines,
    "peers": peers_lines,
}


def _whole_path_in_short(samples: list[dict[str, Any]]) -> list[str]:
    runs = [sample | {"way": "ingest", "photos": 2000, "wall_s": sample["ingest_s"]} for sample in samples]
    return ingest_lines(runs)


# What the README has of a result file: the few lines that a newcomer asks for.
_IN_SHORT = {"decode": verdict_lines, "orchestration_2000": ingest_lines, "whole_path_2000": _whole_path_in_short}
_ROOT = Path(__file__).parents[1]
PAGES = (_ROOT / "docs" / "benchmarks.md", _ROOT / "README.md")
_GENERATED = re.compile(r"(<!-- (table|in short): (\w+) -->)\n.*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    """Replace every generated part of the pages."""
    for page in PAGES:
        page.write_text(with_tables(page.read_text()))


def with_tables(page: str) -> str:
    """The page with each `<!-- table: NAME -->` and `<!-- in short: NAME -->` made anew from results/NAME.json."""
    return _GENERATED.sub(lambda found: "\n".join([found[1], _part(found[2], found[3]), found[4]]), page)


def without_tables(page: str) -> str:
    """What of the page is written by hand."""
    return _GENERATED.sub("", page)


def _part(kind: str, name: str) -> str:
    """The Markdown of one result file: where and how long its runs were made, and medians over them."""
    result = json.loads((RESULTS / f"{name}.json").read_text())
    lines = _IN_SHORT[name](result["samples"]) if kind == "in short" else _lines(result)
    return "\n".join([_where(result), "", *lines])


def _where(result: dict[str, Any]) -> str:
    place, took_s = result["environment"], result.get("took_s")
    where = f"{place['processor']}, {place['cores']} cores, {place['memory_gb']} GB; "
    runs = _runs(result["samples"])
    where += f"medians of {runs} runs" if runs > 1 else "one run"
    where += f" of {median(took_s) / 60:.1f} minutes." if took_s else "."
    return where + (f" Load average before: {place['load_before']}." if "load_before" in place else "")


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
