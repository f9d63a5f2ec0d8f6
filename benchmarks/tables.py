"""Writes the tables of docs/benchmarks.md and of the README from the raw samples: `python -m benchmarks.tables`.

Text around the tables is written by hand, and has no measured figure; what stands between the markers is not.
"""

import json
import re
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.collection_tables import collection_lines, writing_lines
from benchmarks.decode_tables import decode_lines, pool_lines, verdict_lines
from benchmarks.flat_tables import flat_lines
from benchmarks.inference_tables import inference_lines
from benchmarks.library_tables import library_lines
from benchmarks.limit_tables import limit_lines
from benchmarks.orchestration_tables import orchestration_lines
from benchmarks.peers_tables import peers_lines
from benchmarks.prototype_tables import prototype_lines
from benchmarks.readme_tables import beside_peers_lines, beside_prototype_lines, ingest_lines

RESULTS = Path(__file__).parent / "results"
_OF_SAMPLES = {
    "decode": decode_lines,
    "decode_real": decode_lines,
    "decode_pool": pool_lines,
    "inference": inference_lines,
    "library": library_lines,
    "limit": limit_lines,
    "writing": writing_lines,
    "collection": collection_lines,
    "prototype": prototype_lines,
    "peers": peers_lines,
    "orchestration_100": orchestration_lines,
    "orchestration_2000": orchestration_lines,
    "orchestration_10000": orchestration_lines,
    "flat": flat_lines,
}

# What the README has of a result file: the few lines that a newcomer asks for.
_IN_SHORT = {
    "decode": verdict_lines,
    "orchestration_2000": ingest_lines,
    "prototype": beside_prototype_lines,
    "peers": beside_peers_lines,
}
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
    return _OF_SAMPLES[result["benchmark"]](result["samples"])


def _runs(samples: list[dict[str, Any]]) -> int:
    """How many runs there were: samples that name none are a run each."""
    return len({sample.get("run", number) for number, sample in enumerate(samples)})


if __name__ == "__main__":
    main()
