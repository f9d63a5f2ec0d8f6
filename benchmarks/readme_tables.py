"""What the README has of whole ingests, alone and beside others: the few lines that a newcomer asks for.

What belongs here: from raw samples to lines. What does not: the page they stand on (tables.py), all the rest of those
samples (orchestration_tables.py, prototype_tables.py, peers_tables.py).
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from benchmarks.inference_choice import SMALL
from benchmarks.peers_choice import JPEG, MIXED, VECTORS
from benchmarks.peers_tables import has_read_all, rates
from benchmarks.prototype_tables import by_course, ratio, title
from benchmarks.prototype_ways import OURS, PROTOTYPE


def ingest_lines(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    """`photos ingest`: how fast, with how much memory, and how good."""
    runs = [sample for sample in samples if sample["way"] == "ingest"]
    exact, recall = (100 * min(run["quality"][name] for run in runs) for name in ("caption_exact", "recall_at_1"))
    rows = {
        f"photos per second, from {runs[0]['photos']:,} files to searchable points, through Dagster": (
            f"{median(run['photos'] / run['wall_s'] for run in runs):.1f}"
        ),
        "peak memory, decoding workers included": f"{median(run['peak_mb'] for run in runs):,.0f} MB",
        "captions equal to the true one, to the letter": f"{exact:.1f} %",
        "text to photo recall@1": f"{recall:.1f} %",
    }
    return ["| what | measured |", "|---|--:|", *(f"| {what} | {figure} |" for what, figure in rows.items())]


def beside_prototype_lines(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    """The prototype's seconds, ours, and how many times as fast that is, where only a ladder's ends were climbed."""
    lines = ["| photos | the prototype, s | `photos ingest`, s | times as fast |", "|---|--:|--:|--:|"]
    for course, ways in by_course(samples).items():
        if set(ways) == {PROTOTYPE.title, OURS}:
            ends = ways[PROTOTYPE.title], ways[OURS]
            slow_s, fast_s = (median(run["wall_s"] for run in runs) for runs in ends)
            lines.append(f"| {title(course)} | {slow_s:.1f} | {fast_s:.1f} | {ratio(*ends):.1f} |")
    return lines


def beside_peers_lines(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each way to the vectors of large JPEGs and of small pictures: its seconds, and its pace once it has begun."""
    kinds: dict[str, dict[str, list[Mapping[str, Any]]]] = {JPEG: {}, MIXED: {}}
    for sample in samples:
        if (sample["task"], sample["family"]) == (VECTORS, SMALL) and sample["kind"] in kinds:
            kinds[sample["kind"]].setdefault(sample["way"], []).append(sample)
    large, small = kinds.values()
    titles = ["way"]
    for kind, ways in kinds.items():
        titles += [f"{next(iter(ways.values()))[0]['photos']:,} photos, {kind}: s", "photos/s after the first"]
    rows = [[way, *_pace(large[way]), *_pace(small[way])] for way in large]
    return [f"| {' | '.join(cells)} |" for cells in (titles, ["---", *["--:"] * (len(titles) - 1)], *rows)]


def _pace(runs: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    if not has_read_all(runs):
        return "does not read all", "-"
    paces = rates(runs)
    return f"{median(run['wall_s'] for run in runs):.1f}", f"{median(paces):.1f}" if paces else "-"
