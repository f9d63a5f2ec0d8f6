"""Our vocabulary in the words of qdrant-edge-py, and its answers in ours.

What belongs here: configuration, requests, conversions. When to open, lock or write does not: `embedded.py`.
The engine is in beta: what a new minor release changes should show up in this file only.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from resources.vectors.port import (
    INDEXED_FIELDS,
    OFFLINE,
    OVERSAMPLING,
    FieldKind,
    Filters,
    Hit,
    Place,
    Point,
    Quantization,
    Record,
    Using,
)
from resources.vectors.ranking import SCORE_DIGITS
from resources.vectors.vector_names import NAMES, named

# enable_hnsw=False: one graph for all, and none per field value, which makes optimize() several times shorter
_INDEX_PARAMS: dict[FieldKind, Any] = {
    "keyword": edge.KeywordIndexParams(enable_hnsw=False),
    "prefix": edge.KeywordIndexParams(enable_hnsw=False, prefix=True),
    "words": edge.TextIndexParams(
        enable_hnsw=False, tokenizer=edge.TokenizerType.Word, lowercase=True, scoring=edge.TextScoringParams()
    ),
    "integer": edge.IntegerIndexParams(enable_hnsw=False),
    "datetime": edge.DatetimeIndexParams(enable_hnsw=False),
    "geo": edge.GeoIndexParams(enable_hnsw=False),
}


def make_shard(directory: Path, dimensions: int) -> None:
    """Create an empty shard with its payload indexes in the existing, empty `directory`."""
    one = edge.EdgeVectorParams(size=dimensions, distance=edge.Distance.Cosine)
    vectors = dict.fromkeys(NAMES.values(), one)
    # without the log a killed process loses every point since the last flush, and nothing locks others out
    shard = edge.EdgeShard.create(str(directory), edge.EdgeConfig(vectors=vectors, wal_enabled=True))
    complete(shard, dimensions)
    shard.flush()
    shard.close()


def complete(shard: edge.EdgeShard, dimensions: int) -> None:
    """Make what the shard lacks: a new one's payload indexes, and in one of an earlier release what it had not yet."""
    # The engine passes over a vector that is there; it takes 0.03 ms.
    shard.update(edge.UpdateOperation.create_dense_vector(NAMES["caption"], dimensions, edge.Distance.Cosine))
    there = shard.info().payload_schema
    for field, kind in INDEXED_FIELDS.items():
        is_older = kind == "prefix" and field in there and not getattr(there[field].params, "prefix", False)
        if field not in there or is_older:
            shard.update(edge.UpdateOperation.create_field_index(field, _INDEX_PARAMS[kind]))


def build(directory: Path, dimensions: int, quantization: Quantization) -> bool:
    """Build the graph of the shard in `directory`, and its int8 vectors if so told; False if it has all that."""
    shard = edge.EdgeShard.load(str(directory))
    complete(shard, dimensions)
    if quantization == "int8":  # once there, they stay: the engine knows no way back, and a search passes over them
        shard.close()
        one = edge.EdgeVectorParams(size=dimensions, distance=edge.Distance.Cosine)
        int8 = edge.ScalarQuantizationConfig(edge.ScalarType.Int8)
        config = edge.EdgeConfig(vectors=dict.fromkeys(NAMES.values(), one), quantization_config=int8)
        shard = edge.EdgeShard.load(str(directory), config)
    try:
        return shard.optimize()
    finally:
        shard.close()


def upsert_of(points: Sequence[Point]) -> edge.UpdateOperation:
    """One operation that writes `points`."""
    return edge.UpdateOperation.upsert_points(
        [edge.Point(point.point_id, named(point), point.payload) for point in points]
    )


def search_params(quantization: Quantization, exact: bool, ef: int) -> edge.SearchParams:
    """How the nearest are searched; vectors that were never quantized are compared as they are, whatever is told."""
    is_used = quantization == "int8" and not exact
    compared = edge.QuantizationSearchParams(ignore=not is_used, rescore=True, oversampling=OVERSAMPLING)
    return edge.SearchParams(hnsw_ef=ef, exact=exact, quantization=compared)


def query_of(
    vector: list[float],
    limit: int,
    filters: Filters | None,
    with_payload: bool,
    using: Using,
    params: edge.SearchParams,
) -> edge.QueryRequest:
    """A request for the `limit` nearest."""
    return edge.QueryRequest(
        limit=limit,
        query=edge.Query.Nearest(vector, using=NAMES[using]),
        with_payload=with_payload,
        filter=_filter_of(filters) if filters else None,
        params=params,
    )


def words_of(text: str, limit: int, filters: Filters | None, with_payload: bool) -> edge.QueryRequest:
    """A request for the `limit` best by the words of their captions."""
    return edge.QueryRequest(
        limit=limit,
        query=edge.TextQuery("caption", text),
        with_payload=with_payload,
        filter=_filter_of(filters) if filters else None,
    )


def hit_of(point: edge.ScoredPoint) -> Hit:
    """The engine's scored point as ours."""
    return Hit(str(point.id), round(point.score, SCORE_DIGITS), point.payload or {})


def record_of(record: edge.Record) -> Record:
    """The engine's record as ours."""
    return Record(str(record.id), record.payload or {})


def _filter_of(filters: Filters) -> edge.Filter:
    conditions: list[Any] = []
    if filters.taken_from or filters.taken_before:
        conditions.append(edge.FieldCondition(key="taken_at", range=_range_of(filters)))
    if filters.place:
        conditions.append(edge.FieldCondition(key="location", geo_radius=_circle_of(filters.place)))
    if filters.min_rating is not None:
        conditions.append(edge.FieldCondition(key="rating", range=edge.RangeFloat(gte=filters.min_rating)))
    if filters.keywords:
        conditions.append(edge.FieldCondition(key="keywords", match=edge.MatchAny(list(filters.keywords))))
    if prefix := filters.path_prefix():
        conditions.append(edge.FieldCondition(key="paths", match=edge.MatchPrefix(prefix)))
    conditions += [_equal(field, value) for field, value in filters.equalities()]
    # no field of truth values: the engine takes a filter's True for the number 1, which matches none of them
    return edge.Filter(must=conditions, must_not=[_equal("presence", OFFLINE)] if filters.only_present else None)


def _equal(key: str, value: str) -> edge.FieldCondition:
    return edge.FieldCondition(key=key, match=edge.MatchValue(value))


def _circle_of(place: Place) -> edge.GeoRadius:
    return edge.GeoRadius(edge.GeoPoint(lon=place.lon_deg, lat=place.lat_deg), place.km * 1000)


def _range_of(filters: Filters) -> edge.RangeDateTime:
    start, end = filters.taken_from, filters.taken_before
    return edge.RangeDateTime(gte=start.isoformat() if start else None, lt=end.isoformat() if end else None)
