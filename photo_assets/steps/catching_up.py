"""Keeping the searched version whole while the settings name another model.

New photos are embedded by the settings' model and written to its version. So that they are found before that one is
searched, and still after a rollback, each gets a second vector here: of the model that is searched, from its preview.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from photo_assets.steps.collection import ids_in, tell_newer_paths
from photo_assets.steps.truth import OF_THE_VECTOR
from photo_assets.steps.versions import known
from resources.decoding.previews import PreviewStore
from resources.errors import PhotoPlatformError
from resources.inference.port import InferenceEngine, ItemError
from resources.library.ledger import Ledger
from resources.library.versions import KnownVersion
from resources.vectors.chunks import chunked
from resources.vectors.port import Point, Record, VectorIndex

CHUNK = 256


class CannotCatchUp(PhotoPlatformError):
    """The searched version's vectors cannot be made any more."""


def keep_searched_whole(
    index: VectorIndex,
    ledger: Ledger,
    previews: PreviewStore,
    engine_of: Callable[[VectorIndex, str], InferenceEngine],
    wanted: str | None,
) -> int | None:
    """Write to the searched version the photos that only `wanted`, the settings', has; how many were written.

    None where the two are one, or there is none yet. Raises CannotCatchUp, and what `engine_of` raises.
    """
    active = index.active_version()
    if active is None or wanted is None or active == wanted or wanted not in index.versions():
        return None
    lacking = sorted((ids_in(index, wanted) & ledger.ok_photo_ids()) - ids_in(index, active))
    version = known(index, ledger, active) if lacking else None
    if version is None:
        return 0
    engine = engine_of(index, active)
    if engine.clip.preprocessing != version.preprocessing:
        raise CannotCatchUp(
            f"new photos are not found in {active} before {wanted} is searched: pictures were prepared otherwise "
            f"({version.preprocessing}) when it was made. Let `photos refresh` complete the new version."
        )
    written = 0
    for chunk in chunked(lacking, CHUNK):
        paths = ledger.paths_of(chunk)
        points = list(_points(index.retrieve(wanted, chunk), previews, engine, version))
        index.upsert(active, points)
        tell_newer_paths(paths, ledger, index)
        written += len(points)
    return written


def _points(
    records: Sequence[Record], previews: PreviewStore, engine: InferenceEngine, version: KnownVersion
) -> Iterator[Point]:
    """The photos of another version as points of this one."""
    answers = engine.infer((_preview(previews, record.point_id) for record in records), caption=False)
    worded = _caption_vectors(records, engine)
    for record, answer in zip(records, answers, strict=True):
        if answer.vector is not None and not isinstance(answer.vector, ItemError):
            payload = record.payload | _told_of(version)
            yield Point(record.point_id, answer.vector, payload, worded.get(record.point_id))


def _caption_vectors(records: Sequence[Record], engine: InferenceEngine) -> dict[str, Any]:
    captions = {record.point_id: record.payload["caption"] for record in records if record.payload.get("caption")}
    answers = zip(captions, engine.embed_texts(list(captions.values())), strict=True)
    return {photo_id: vector for photo_id, vector in answers if not isinstance(vector, ItemError)}


def _told_of(version: KnownVersion) -> dict[str, str]:
    return dict(zip(OF_THE_VECTOR, (version.model, version.revision, version.preprocessing), strict=True))


def _preview(previews: PreviewStore, photo_id: str) -> bytes | ItemError:
    try:
        return previews.read_preview(photo_id)
    except OSError as error:
        return ItemError("no_preview", str(error))
