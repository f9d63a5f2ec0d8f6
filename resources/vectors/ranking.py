"""One order for equal scores: neither engine promises one, and both cut a tie wherever they happen to stand.

What belongs here: turning an engine's best-first answer into a reproducible one. How hits are fetched does not.
"""

from collections.abc import Callable

from resources.vectors.port import Hit

SCORE_DIGITS = 6
"""Decimals kept of a score: the last bits of a float32 cosine depend on where a vector lies in memory."""

TIES_MAX = 10_000
"""The most extra hits fetched to see a tie whole: a larger one (so many equal pictures) is cut anywhere."""


def nearest(fetch: Callable[[int], list[Hit]], limit: int) -> list[Hit]:
    """The best `limit` hits, equal scores in id order; `fetch(n)` gives the engine's best n, best first.

    Fetches one more than asked for, and more as long as the cut would fall inside a tie.
    """
    if limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    wanted = limit + 1
    hits = fetch(wanted)
    while _cuts_a_tie(hits, limit, wanted) and wanted < limit + TIES_MAX:
        wanted = min(wanted * 4, limit + TIES_MAX)
        hits = fetch(wanted)
    return sorted(hits, key=lambda hit: (-hit.score, hit.point_id))[:limit]


def _cuts_a_tie(hits: list[Hit], limit: int, wanted: int) -> bool:
    return len(hits) == wanted and hits[-1].score == hits[limit - 1].score
