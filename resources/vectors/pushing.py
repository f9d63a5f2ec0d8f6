"""Moving a version from one index to another, such as from the embedded engine to a server: resumable and verified.

What belongs here: points read from one index and written to another. Snapshots, which are one engine's own, are
`snapshots.py`. Neither index may be written by others meanwhile; the caller sees to that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from resources.vectors.contents import ids_of, points_of
from resources.vectors.errors import PushRefused
from resources.vectors.payloads import canonical, is_like
from resources.vectors.port import Point, VectorIndex


@dataclass
class Pushed:
    """How many points the version has, and how many of them had to be written or deleted now."""

    points: int = 0
    written: int = 0
    deleted: int = 0


def push(
    source: VectorIndex,
    target: VectorIndex,
    version: str,
    *,
    force: bool = False,
    tell: Callable[[int], None] = lambda points: None,
) -> Pushed:
    """Make `version` in `target` what it is in `source`, and then the one that is searched there.

    What is there already is compared and not sent again. `tell` hears how many points have been seen to. Raises
    PushRefused where `target` has points that `source` lacks, unless by `force`, which deletes them, where there is
    nothing to move, and where the two differ in the end.
    """
    first = next(points_of(source, version), None)
    if first is None:
        raise PushRefused(version, "it has no points")
    target.create_version(version, len(first[0].vector))
    there = ids_of(target, version)
    wanted = ids_of(source, version)
    extra = sorted(there - wanted)
    if extra and not force:
        raise PushRefused(version, f"the target has {len(extra)} points more, such as {extra[0]}; --force deletes them")
    target.delete(version, extra)
    pushed = Pushed(deleted=len(extra))
    for points in points_of(source, version):
        unlike = _unlike(points, target, version, there)
        target.upsert(version, unlike)
        pushed.points, pushed.written = pushed.points + len(points), pushed.written + len(unlike)
        tell(len(points))
    _verify(source, target, version, wanted)
    target.switch_alias(version)
    return pushed


def _verify(source: VectorIndex, target: VectorIndex, version: str, wanted: set[str]) -> None:
    held = ids_of(target, version)
    count = target.count(version)
    unlike = [
        point.point_id for points in points_of(source, version) for point in _unlike(points, target, version, held)
    ]
    if held != wanted or count != len(wanted) or unlike:
        differ = sorted((held ^ wanted) | set(unlike))
        raise PushRefused(version, f"{len(differ)} points differ after all were sent, such as {differ[:1]}; try again")


def _unlike(points: Sequence[Point], target: VectorIndex, version: str, there: set[str]) -> list[Point]:
    """Those of the points that the target lacks or has otherwise."""
    ids = [point.point_id for point in points if point.point_id in there]
    records = target.retrieve(version, ids) if ids else []
    payloads = {record.point_id: canonical(record.payload) for record in records}
    pictures = target.vectors(version, ids) if ids else {}
    captions = target.vectors(version, ids, using="caption") if ids else {}
    return [
        point
        for point in points
        if payloads.get(point.point_id) != canonical(point.payload)
        or not is_like(point.vector, pictures.get(point.point_id))
        or not is_like(point.caption_vector, captions.get(point.point_id))
    ]
