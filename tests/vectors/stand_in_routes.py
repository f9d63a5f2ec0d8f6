"""A part of Qdrant's REST API over qdrant-client's in-memory mode: what each request does and what it answers.

What belongs here: requests in, results out, as Python values. HTTP, keys and faults are `qdrant_stand_in.py`. The
snapshots are this module's own format, JSON of all points, and no server of Qdrant's could read them.
"""

import gzip
import hashlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import Field, TypeAdapter
from pydantic_core import to_jsonable_python
from qdrant_client import QdrantClient, models

RELEASE = "1.20.0"
_UNIT = 1e-6
_DONE = {"operation_id": 0, "status": "completed"}
# The list first and alone where it fits: an adapter that tries both kinds reads every vector twice.
_POINTS: TypeAdapter[Any] = TypeAdapter(
    Annotated[models.PointsList | models.PointsBatch, Field(union_mode="left_to_right")]
)
_VECTOR = TypeAdapter(models.VectorNameConfig)
_SELECTED = TypeAdapter(models.PointsSelector)


class Refused(Exception):
    """A request that is answered with `status` and `reason`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True)
class Raw:
    """An answer that is bytes and not JSON."""

    content: bytes


class Collections:
    """All collections and snapshots of one server; every method may be called from any thread."""

    def __init__(self) -> None:
        self._client = QdrantClient(":memory:")
        self._guard = threading.RLock()
        self._made_with: dict[str, dict[str, Any]] = {}
        self._indexes: dict[str, dict[str, Any]] = {}
        self._snapshots: dict[tuple[str, str], bytes] = {}
        self._made = 0

    def answer(self, method: str, path: str, asked: Mapping[str, str], body: bytes) -> Any:
        """The result of a request: JSON values, or Raw. Raises Refused."""
        for pattern, action in _ROUTES:
            if found := re.fullmatch(pattern, f"{method} {path}"):
                with self._guard:
                    return _told(partial(action, self, *found.groups(), body))
        raise Refused(404, f"the stand-in knows no {method} {path}")

    def names(self) -> list[str]:
        """The collections there are."""
        return [found.name for found in self._client.get_collections().collections]

    def made_with(self, name: str) -> dict[str, Any]:
        """The request that made a collection, with the changes since."""
        return self._made_with[self._real(name)]

    def packed(self, name: str) -> bytes:
        """A snapshot of one collection."""
        points = self._client.scroll(name, limit=10**9, with_payload=True, with_vectors=True)[0]
        content = {"config": self._made_with[name], "indexes": self._indexes[name], "points": points}
        return gzip.compress(json.dumps(to_jsonable_python(content)).encode(), 1)

    def unpack(self, name: str, archive: bytes) -> None:
        """Make the collection what the snapshot says, whatever it was."""
        try:
            content = json.loads(gzip.decompress(archive))
        except (OSError, EOFError, ValueError) as error:
            raise Refused(400, f"not a snapshot: {error}") from None
        if name in self.names():
            self._client.delete_collection(name)
        self._create(name, json.dumps(content["config"]).encode())
        for field, schema in content["indexes"].items():
            self._index(name, json.dumps({"field_name": field, "field_schema": schema}).encode())
        is_named = "size" not in content["config"]["vectors"]
        points = [
            models.PointStruct(
                id=each["id"],
                vector={"": each["vector"]} if is_named and isinstance(each["vector"], list) else each["vector"],
                payload=each["payload"],
            )
            for each in content["points"]
        ]
        if points:
            self._write(name, points)

    def _collections(self, _: bytes) -> Any:
        return {"collections": [{"name": name} for name in self.names()]}

    def _aliases(self, _: bytes) -> Any:
        return self._client.get_aliases()

    def _aliases_of(self, name: str, _: bytes) -> Any:
        return self._client.get_collection_aliases(name)

    def _move_aliases(self, body: bytes) -> Any:
        return self._client.update_collection_aliases(models.ChangeAliasesOperation.model_validate_json(body).actions)

    def _exists(self, name: str, _: bytes) -> Any:
        return {"exists": self._client.collection_exists(name)}

    def _describe(self, name: str, _: bytes) -> Any:
        info = to_jsonable_python(self._client.get_collection(name))
        made_with = self._made_with[self._real(name)]
        info["config"]["quantization_config"] = made_with.get("quantization_config")
        info["payload_schema"] = {
            field: {"data_type": schema, "points": 0}
            if isinstance(schema, str)
            else {"data_type": schema["type"], "params": schema, "points": 0}
            for field, schema in self._indexes[self._real(name)].items()
        }
        return info

    def _create(self, name: str, body: bytes) -> Any:
        asked = models.CreateCollection.model_validate_json(body)
        self._client.create_collection(
            name, vectors_config=asked.vectors, sparse_vectors_config=asked.sparse_vectors, metadata=asked.metadata
        )
        self._made_with[name], self._indexes[name] = json.loads(body), {}
        return True

    def _change(self, name: str, body: bytes) -> Any:
        asked = models.UpdateCollection.model_validate_json(body)
        if asked.metadata:
            self._client.update_collection(name, metadata=asked.metadata)
        told = {key: value for key, value in json.loads(body).items() if value is not None}
        metadata = self._made_with[name].get("metadata") or {}
        self._made_with[name] |= told | {"metadata": metadata | (told.get("metadata") or {})}
        return True

    def _drop(self, name: str, _: bytes) -> Any:
        was_there = self._client.delete_collection(name)
        self._made_with.pop(name, None)
        self._indexes.pop(name, None)
        return was_there

    def _index(self, name: str, body: bytes) -> Any:
        asked = models.CreateFieldIndex.model_validate_json(body)
        name = self._real(name)
        if getattr(
            asked.field_schema, "scoring", None
        ):  # the only indexes that change what the client's own mode finds
            self._client.create_payload_index(name, asked.field_name, asked.field_schema)
        self._indexes[name][asked.field_name] = json.loads(body)["field_schema"]
        return _DONE

    def _drop_index(self, name: str, field: str, _: bytes) -> Any:
        self._indexes[self._real(name)].pop(field, None)
        return _DONE

    def _upsert(self, name: str, body: bytes) -> Any:
        asked = _POINTS.validate_json(body)
        if isinstance(asked, models.PointsList):
            return self._write(name, asked.points)
        return self._client.upsert(name, asked.batch)

    def _write(self, name: str, points: list[models.PointStruct]) -> Any:
        """Upsert, and leave unit vectors as they are to the last bit, as a server does."""
        done = self._client.upsert(name, points)
        collection = self._client._client.collections[self._real(name)]
        for point in points:
            named = point.vector if isinstance(point.vector, dict) else {"": point.vector}
            place = collection.ids[point.id if isinstance(point.id, int) else str(point.id)]
            for vector_name, values in named.items():
                vector = np.asarray(values, np.float32)
                if abs(float(vector @ vector) - 1) <= _UNIT:
                    collection.vectors[vector_name][place] = vector
        return done

    def _retrieve(self, name: str, body: bytes) -> Any:
        asked = models.PointRequest.model_validate_json(body)
        wanted = True if asked.with_payload is None else asked.with_payload
        return self._client.retrieve(name, asked.ids, with_payload=wanted, with_vectors=asked.with_vector or False)

    def _delete(self, name: str, body: bytes) -> Any:
        return self._client.delete(name, _SELECTED.validate_json(body))

    def _set_payload(self, name: str, body: bytes) -> Any:
        asked = models.SetPayload.model_validate_json(body)
        return self._client.set_payload(name, asked.payload, asked.points or asked.filter, key=asked.key)

    def _replace_payload(self, name: str, body: bytes) -> Any:
        asked = models.SetPayload.model_validate_json(body)
        return self._client.overwrite_payload(name, asked.payload, asked.points or asked.filter)

    def _delete_payload(self, name: str, body: bytes) -> Any:
        asked = models.DeletePayload.model_validate_json(body)
        return self._client.delete_payload(name, asked.keys, asked.points or asked.filter)

    def _replace_vectors(self, name: str, body: bytes) -> Any:
        return self._client.update_vectors(name, models.UpdateVectors.model_validate_json(body).points)

    def _delete_vectors(self, name: str, body: bytes) -> Any:
        asked = models.DeleteVectors.model_validate_json(body)
        return self._client.delete_vectors(name, asked.vector, asked.points or asked.filter)

    def _make_vector(self, name: str, vector: str, body: bytes) -> Any:
        return self._client.create_vector_name(name, vector, _VECTOR.validate_json(body))

    def _batch(self, name: str, body: bytes) -> Any:
        return self._client.batch_update_points(name, models.UpdateOperations.model_validate_json(body).operations)

    def _count(self, name: str, body: bytes) -> Any:
        asked = models.CountRequest.model_validate_json(body)
        return self._client.count(name, count_filter=asked.filter, exact=True)

    def _scroll(self, name: str, body: bytes) -> Any:
        asked = models.ScrollRequest.model_validate_json(body)
        points, following = self._client.scroll(
            name,
            scroll_filter=asked.filter,
            limit=asked.limit or 10,
            order_by=asked.order_by,
            offset=asked.offset,
            with_payload=True if asked.with_payload is None else asked.with_payload,
            with_vectors=asked.with_vector or False,
        )
        return {"points": points, "next_page_offset": following}

    def _query(self, name: str, body: bytes) -> Any:
        return self._best(name, models.QueryRequest.model_validate_json(body))

    def _query_batch(self, name: str, body: bytes) -> Any:
        return [self._best(name, one) for one in models.QueryRequestBatch.model_validate_json(body).searches]

    def _best(self, name: str, asked: models.QueryRequest) -> Any:
        return self._client.query_points(
            name,
            query=asked.query,
            using=asked.using,
            prefetch=asked.prefetch,
            query_filter=asked.filter,
            limit=asked.limit or 10,
            offset=asked.offset,
            with_payload=asked.with_payload or False,
            with_vectors=asked.with_vector or False,
            score_threshold=asked.score_threshold,
        )

    def _make_snapshot(self, name: str, _: bytes) -> Any:
        name = self._real(name)
        self._made += 1
        file = f"{name}-{self._made}.snapshot"
        self._snapshots[name, file] = self.packed(name)
        return self._snapshot_row(name, file)

    def _list_snapshots(self, name: str, _: bytes) -> Any:
        return [self._snapshot_row(*key) for key in self._snapshots if key[0] == self._real(name)]

    def _give_snapshot(self, name: str, file: str, _: bytes) -> Any:
        return Raw(self._snapshot(name, file))

    def _drop_snapshot(self, name: str, file: str, _: bytes) -> Any:
        self._snapshot(name, file)
        del self._snapshots[name, file]
        return True

    def _take_snapshot(self, name: str, body: bytes) -> Any:
        self.unpack(name, _uploaded(body))
        return True

    def _snapshot(self, name: str, file: str) -> bytes:
        if (name, file) not in self._snapshots:
            raise Refused(404, f"Not found: Snapshot {file} not found")
        return self._snapshots[name, file]

    def _snapshot_row(self, name: str, file: str) -> Any:
        content = self._snapshots[name, file]
        return {"name": file, "size": len(content), "checksum": hashlib.sha256(content).hexdigest()}

    def _real(self, name: str) -> str:
        aliases = {found.alias_name: found.collection_name for found in self._client.get_aliases().aliases}
        real = aliases.get(name, name)
        if real not in self._made_with:
            raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
        return real


def _told(action: Callable[[], Any]) -> Any:
    """The result, or the client's own refusal as a server's."""
    try:
        result = action()
    except ValueError as error:  # pydantic's too
        raise Refused(*_status(str(error))) from None
    return result if isinstance(result, Raw) else to_jsonable_python(result)


def _status(reason: str) -> tuple[int, str]:
    if missing := re.fullmatch(r"Collection (\S+) not found", reason):
        return 404, f"Not found: Collection `{missing[1]}` doesn't exist!"
    return (409 if reason.endswith("already exists") else 400), reason


def _uploaded(body: bytes) -> bytes:
    """The one file of a multipart body."""
    boundary = body.split(b"\r\n", 1)[0]
    part = body.split(boundary)[1]
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


_C = "/collections/([^/]+)"
_ROUTES: list[tuple[str, Callable[..., Any]]] = [
    ("GET /collections", Collections._collections),
    ("GET /aliases", Collections._aliases),
    ("POST /collections/aliases", Collections._move_aliases),
    (f"GET {_C}/aliases", Collections._aliases_of),
    (f"GET {_C}/exists", Collections._exists),
    (f"GET {_C}", Collections._describe),
    (f"PUT {_C}", Collections._create),
    (f"PATCH {_C}", Collections._change),
    (f"DELETE {_C}", Collections._drop),
    (f"PUT {_C}/vectors/([^/]+)", Collections._make_vector),
    (f"PUT {_C}/index", Collections._index),
    (f"DELETE {_C}/index/([^/]+)", Collections._drop_index),
    (f"PUT {_C}/points", Collections._upsert),
    (f"POST {_C}/points", Collections._retrieve),
    (f"POST {_C}/points/delete", Collections._delete),
    (f"POST {_C}/points/payload", Collections._set_payload),
    (f"PUT {_C}/points/payload", Collections._replace_payload),
    (f"POST {_C}/points/payload/delete", Collections._delete_payload),
    (f"PUT {_C}/points/vectors", Collections._replace_vectors),
    (f"POST {_C}/points/vectors/delete", Collections._delete_vectors),
    (f"POST {_C}/points/batch", Collections._batch),
    (f"POST {_C}/points/count", Collections._count),
    (f"POST {_C}/points/scroll", Collections._scroll),
    (f"POST {_C}/points/query", Collections._query),
    (f"POST {_C}/points/query/batch", Collections._query_batch),
    (f"POST {_C}/snapshots", Collections._make_snapshot),
    (f"GET {_C}/snapshots", Collections._list_snapshots),
    (f"POST {_C}/snapshots/upload", Collections._take_snapshot),
    (f"GET {_C}/snapshots/([^/]+)", Collections._give_snapshot),
    (f"DELETE {_C}/snapshots/([^/]+)", Collections._drop_snapshot),
]
