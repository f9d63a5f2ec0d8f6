"""Rankings of the same photos as one: by the picture's vector, by the words of the caption, by the caption's vector.

Reciprocal rank fusion: only places count, because a cosine and a BM25 score have no scale in common. What is ranked,
and how deep, is searching.py's; why it is done this way stands in docs/decisions/0014-hybrid.md.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from resources.vectors.port import Hit
from resources.vectors.ranking import SCORE_DIGITS

DEPTH = 500
"""Hits of each ranking that are fused: a photo further down adds at most a ninth of the first.

The same number whatever is asked for, or each page would be a part of another order.
"""

_K = 60  # what the method's authors found to serve most collections; it keeps the first place from deciding alone


def fused(rankings: Sequence[Sequence[Hit]]) -> list[Hit]:
    """Every hit of the rankings once, the best first, equal ones in id order; a score of 1 is the first of them all."""
    shares: dict[str, float] = defaultdict(float)
    payloads = {}
    for ranking in rankings:
        for place, hit in _places(ranking):
            shares[hit.point_id] += (_K + 1) / (_K + place) / len(rankings)
            payloads[hit.point_id] = hit.payload
    hits = [Hit(point_id, round(share, SCORE_DIGITS), payloads[point_id]) for point_id, share in shares.items()]
    return sorted(hits, key=lambda hit: (-hit.score, hit.point_id))


def uncut(ranking: Sequence[Hit], depth: int) -> Sequence[Hit]:
    """The best `depth` of a longer ranking, less a tie that the cut would tear apart, unless that is all there is.

    Captions that say the same are ties of any size, and which of them the cut left in would be chance.
    """
    kept = ranking[:depth]
    if len(ranking) <= depth or ranking[depth].score < kept[-1].score:
        return kept
    return [hit for hit in kept if hit.score > kept[-1].score] or kept


def _places(ranking: Sequence[Hit]) -> Iterator[tuple[int, Hit]]:
    """Each hit with its place from 1 on; equal scores share the first of theirs."""
    place = 1
    for number, hit in enumerate(ranking, 1):
        if hit.score < ranking[place - 1].score:
            place = number
        yield place, hit
