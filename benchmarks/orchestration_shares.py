"""Where a way's seconds went: each moment of its clock belongs to the steps that ran in it, in equal parts.

So the parts add up to the clock, also where runs overlap. Moments of no step are Dagster's, or the start of a process.
"""

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

START, BETWEEN = "until the first step", "no step at work"
PARTS = (
    START,
    "scan",
    "photo_files",
    "decoded_images",
    "photo_metadata",
    "image_inference",
    "caption_embeddings",
    "collection_points",
    "photo_collection",
    BETWEEN,
)


def shares(sample: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of each of PARTS, in their order; they add up to `wall_s`."""
    wall_s = sample["wall_s"]
    steps = [(name, max(0.0, begin), min(end, wall_s)) for name, begin, end in sample["steps"]]
    first = min(begin for _, begin, _ in steps)
    spent = Counter[str]()
    for begin, end in pairwise(sorted({0.0, wall_s, *(moment for _, *both in steps for moment in both)})):
        at_work = [name for name, from_s, to_s in steps if from_s <= begin and end <= to_s]
        for name in at_work or [START if end <= first else BETWEEN]:
            spent[name] += (end - begin) / max(1, len(at_work))
    return {part: spent[part] for part in (*PARTS, *sorted(set(spent) - set(PARTS)))}
