"""Two versions of the collection side by side: what each holds, and what they answer to the same queries.

Plain numbers; how they are shown is reporting.py's. No score tells which model is right: agreement says how much a
switch would change, the lists say in which way.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from photo_assets.search.errors import SearchError
from photo_assets.search.models import EngineOf
from resources.inference.port import InferenceEngine, ItemError
from resources.library.versions import KnownVersion
from resources.vectors.contents import ids_of
from resources.vectors.port import VectorIndex

DEPTH = 10
"""The best hits of each version that are compared."""

CANARIES = (
    "a person",
    "a group of people",
    "a portrait of a child",
    "a dog",
    "a bird",
    "food on a table",
    "flowers",
    "a tree in autumn",
    "a mountain with snow",
    "a beach at sunset",
    "a boat on the water",
    "a city street at night",
    "an old building",
    "a car on a road",
    "a room in a house",
    "a page with text",
)
"""Texts that most libraries have something for; PHOTO_COMPARISON_QUERIES names a file with others."""

_MOST_CANARIES = 200

SAMPLE = 1_000
"""Photos of both versions over which rankings are compared: the first by id, which is as good as by lot."""


@dataclass(frozen=True)
class Side:
    """One version: how many of the library's photos it holds, and how many points it has that are none of them."""

    version: KnownVersion
    photos: int
    missing: int
    orphans: int


@dataclass(frozen=True)
class Answers:
    """One query: the ids of each version's best hits, and how alike the rankings are.

    `overlap` is the share of the best that both have, 0 to 1; `rank_correlation` Spearman's over the sample, -1 to 1.
    """

    query: str
    old: list[str]
    new: list[str]
    overlap: float
    rank_correlation: float


@dataclass(frozen=True)
class Comparison:
    """`captions`: of every hit. `neighbours`: the mean share of its nearest photos that a photo keeps, 0 to 1."""

    old: Side
    new: Side
    in_both: int
    neighbours: float
    answers: list[Answers]
    captions: dict[str, str]

    @property
    def overlap(self) -> float:
        """The mean over the queries."""
        return float(np.mean([each.overlap for each in self.answers])) if self.answers else 1.0

    @property
    def rank_correlation(self) -> float:
        """The mean over the queries."""
        return float(np.mean([each.rank_correlation for each in self.answers])) if self.answers else 1.0


def canaries(path: str) -> tuple[str, ...]:
    """The queries of a text file, one on each line; CANARIES where no file is named. Raises SearchError."""
    if not path:
        return CANARIES
    try:
        lines = Path(path).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SearchError(f"PHOTO_COMPARISON_QUERIES: {path} cannot be read ({error}); name a text file") from None
    queries = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not 0 < len(queries) <= _MOST_CANARIES:
        raise SearchError(f"PHOTO_COMPARISON_QUERIES: {path} has {len(queries)} queries; give 1 to {_MOST_CANARIES}")
    return queries


def compare(
    index: VectorIndex,
    photos: set[str],
    versions: tuple[KnownVersion, KnownVersion],
    engine_of: EngineOf,
    queries: Sequence[str],
) -> Comparison:
    """Compare an older and a newer version of the library's `photos` by the canary `queries`.

    Raises SearchError, UnknownVersion, and ModelError where one's model is missing.
    """
    held = [ids_of(index, version.name) for version in versions]
    both = held[0] & held[1]
    old, new = (_Asked.of(index, version.name, engine_of, queries, sorted(both)[:SAMPLE]) for version in versions)
    answers = [
        Answers(query, old.best[at], new.best[at], _overlap(old.best[at], new.best[at]), _alike(old, new, at))
        for at, query in enumerate(queries)
    ]
    older, newer = (
        Side(version, len(points & photos), len(photos - points), len(points - photos))
        for version, points in zip(versions, held, strict=True)
    )
    neighbours = _neighbours(old.sample, new.sample)
    return Comparison(older, newer, len(both), neighbours, answers, _captions(index, versions, answers))


@dataclass(frozen=True, eq=False)
class _Asked:
    """One version's answers: the best hits of each query, the (n, d) sample, and the sample's (n, queries) scores."""

    best: list[list[str]]
    sample: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(
        cls, index: VectorIndex, version: str, engine_of: EngineOf, queries: Sequence[str], photo_ids: Sequence[str]
    ) -> "_Asked":
        texts = _embedded(engine_of(index, version), queries)
        hits = [index.query(version, text, DEPTH, exact=True, with_payload=False) for text in texts]
        vectors = index.vectors(version, photo_ids)
        sample = np.stack([vectors[photo_id] for photo_id in photo_ids]) if photo_ids else texts[:0]
        return cls([[hit.point_id for hit in each] for each in hits], sample, sample @ texts.T)


def _embedded(engine: InferenceEngine, queries: Sequence[str]) -> np.ndarray:
    """(n, d) float32 unit vectors."""
    found = dict(zip(queries, engine.embed_texts(queries), strict=True))
    for query, vector in found.items():
        if isinstance(vector, ItemError):
            raise SearchError(f"the canary query {query!r} cannot be embedded: {vector.message}")
    return np.stack([np.asarray(vector) for vector in found.values()])


def _overlap(old: Collection[Any], new: Collection[Any]) -> float:
    longer = max(len(old), len(new))
    return len(set(old) & set(new)) / longer if longer else 1.0


def _alike(old: _Asked, new: _Asked, at: int) -> float:
    """Spearman's correlation of the sample's scores for one query; 1 where there is nothing to rank."""
    if len(old.sample) < 2:
        return 1.0
    ranks = [asked.scores[:, at].argsort(kind="stable").argsort(kind="stable") for asked in (old, new)]
    correlations: np.ndarray = np.asarray(np.corrcoef(np.stack(ranks)))
    return float(correlations[0, 1])


def _neighbours(old: np.ndarray, new: np.ndarray) -> float:
    """The mean share of the DEPTH nearest others in the sample that both models see."""
    depth = min(DEPTH, len(old) - 1)
    if depth < 1:
        return 1.0
    pairs = zip(_nearest(old, depth), _nearest(new, depth), strict=True)
    return float(np.mean([_overlap(one, other) for one, other in pairs]))


def _nearest(matrix: np.ndarray, depth: int) -> list[list[int]]:
    cosines = matrix @ matrix.T
    np.fill_diagonal(cosines, -np.inf)
    places: list[list[int]] = np.argpartition(-cosines, depth - 1, axis=1)[:, :depth].tolist()
    return places


def _captions(index: VectorIndex, versions: Sequence[KnownVersion], answers: Sequence[Answers]) -> dict[str, str]:
    captions: dict[str, str] = {}
    for version, side in zip(versions, ("old", "new"), strict=True):
        wanted = sorted({photo_id for each in answers for photo_id in getattr(each, side)})
        captions |= {each.point_id: each.payload.get("caption") or "" for each in index.retrieve(version.name, wanted)}
    return captions
