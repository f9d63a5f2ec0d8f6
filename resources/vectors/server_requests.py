"""Our vocabulary in the words of qdrant-client, and its answers in ours.

What belongs here: requests and conversions. When to send them, and how often, is `server.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from qdrant_client import models

from resources.vectors.port import OFFLINE, OVERSAMPLING, FieldKind, Filters, Hit, Place, Point, Quantization, Record
from resources.vectors.ranking import SCORE_DIGITS
from resources.vectors.vector_names import NAMES, named

FIELD_SCHEMAS: dict[FieldKind, models.PayloadSchemaType | models.KeywordIndexParams | models.TextIndexParams] = {
    "keyword": models.PayloadSchemaType.KEYWORD,
    "prefix": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, prefix=True),
    "words": models.TextIndexParams(
        type=models.TextIndexType.TEXT,
        tokenizer=models.TokenizerType.WORD,
        lowercase=True,
        scoring=models.TextScoringParams(type=models.TextScoringType.BM25),
    ),
    "integer": models.PayloadSchemaType.INTEGER,
    "datetime": models.PayloadSchemaType.DATETIME,
    "geo": models.PayloadSchemaType.GEO,
}


def quantization_of(quantization: Quantization) -> models.ScalarQuantization | None:
    """What a collection is told of how its vectors are to be kept."""
    if quantization == "none":
        return None
    int8 = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, always_ram=True)
    return models.ScalarQuantization(scalar=int8)


def is_int8(told: Any) -> bool:
    """Whether a collection's configuration says that its vectors are kept in int8 too."""
    return isinstance(told, models.ScalarQuantization)


def search_params(quantization: Quantization, exact: bool, ef: int) -> models.SearchParams:
    """How the nearest are searched; vectors that are not quantized are compared as they are, whatever is told."""
    is_used = quantization == "int8" and not exact
    compared = models.QuantizationSearchParams(ignore=not is_used, rescore=True, oversampling=OVERSAMPLING)
    return models.SearchParams(hnsw_ef=ef, exact=exact, quantization=compared)


def points_of(points: Sequence[Point]) -> list[models.PointStruct]:
    """`points` as the client sends them."""
    return [models.PointStruct(id=point.point_id, vector=named(point), payload=point.payload) for point in points]


def vector_params(dimensions: int) -> dict[str, models.VectorParams]:
    """The vectors that a new collection's points may have."""
    return {name: models.VectorParams(size=dimensions, distance=models.Distance.COSINE) for name in NAMES.values()}


def sizes_of(vectors: Any) -> dict[str, int]:
    """The length of each of the vectors in a collection's configuration, which names a single one or several."""
    by_name = vectors if isinstance(vectors, dict) else {NAMES["image"]: vectors}
    return {name: params.size for name, params in by_name.items() if isinstance(params, models.VectorParams)}


def later_vector(dimensions: int) -> models.DenseVectorNameConfig:
    """The vector that a collection of an earlier release gets beside the one it has."""
    return models.DenseVectorNameConfig(
        dense=models.DenseVectorConfig(size=dimensions, distance=models.Distance.COSINE)
    )


def payload_operations(
    point_ids: Sequence[str], payload_by_id: Mapping[str, dict[str, Any]]
) -> list[models.SetPayloadOperation]:
    """One operation for each of `point_ids`, to be sent together."""
    return [
        models.SetPayloadOperation(set_payload=models.SetPayload(payload=payload_by_id[point_id], points=[point_id]))
        for point_id in point_ids
    ]


def alias_operations(alias: str, old: str | None, new: str) -> list[Any]:
    """The operations that, sent as one request, move `alias` from the collection `old` to `new`."""
    operations: list[Any] = []
    if old is not None:
        operations.append(models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
    created = models.CreateAlias(collection_name=new, alias_name=alias)
    return [*operations, models.CreateAliasOperation(create_alias=created)]


def filter_of(filters: Filters | None) -> models.Filter | None:
    """`filters` as the server reads them."""
    if filters is None:
        return None
    conditions: list[Any] = []
    if filters.taken_from or filters.taken_before:
        taken = models.DatetimeRange(gte=filters.taken_from, lt=filters.taken_before)
        conditions.append(models.FieldCondition(key="taken_at", range=taken))
    if filters.place:
        conditions.append(models.FieldCondition(key="location", geo_radius=_circle_of(filters.place)))
    if filters.min_rating is not None:
        conditions.append(models.FieldCondition(key="rating", range=models.Range(gte=filters.min_rating)))
    if filters.keywords:
        conditions.append(models.FieldCondition(key="keywords", match=models.MatchAny(any=list(filters.keywords))))
    if prefix := filters.path_prefix():
        conditions.append(models.FieldCondition(key="paths", match=models.MatchPrefix(prefix=prefix)))
    conditions += [_equal(field, value) for field, value in filters.equalities()]
    return models.Filter(must=conditions, must_not=[_equal("presence", OFFLINE)] if filters.only_present else None)


def hit_of(point: models.ScoredPoint) -> Hit:
    """The client's scored point as ours."""
    return Hit(str(point.id), round(point.score, SCORE_DIGITS), point.payload or {})


def record_of(record: models.Record) -> Record:
    """The client's record as ours."""
    return Record(str(record.id), record.payload or {})


def _circle_of(place: Place) -> models.GeoRadius:
    return models.GeoRadius(center=models.GeoPoint(lon=place.lon_deg, lat=place.lat_deg), radius=place.km * 1000)


def _equal(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
