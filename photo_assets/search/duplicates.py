"""Photos that are there more than once: the same bytes, the same picture, or nearly the same view.

    exact        one photo with several files: their bytes are the same
    perceptual   photos whose perceptual hashes differ in few bits: another size, format or compression of one picture
    semantic     photos whose image vectors are nearly the same: a series, an edit, a crop

What belongs here: groups, and which of a group to keep. Nothing is deleted, here or elsewhere: originals are only read.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from pathlib import PurePath

from photo_assets.search.compared import Compared
from photo_assets.search.hashes import near_pairs, tells_something
from resources.decoding.formats import Format
from resources.vectors.port import Record


class Kind(StrEnum):
    """How copies are alike."""

    EXACT = "exact"
    PERCEPTUAL = "perceptual"
    SEMANTIC = "semantic"


MAX_BITS = 6
"""Bits of 64 in which two perceptual hashes of one picture may differ; those of two pictures differ in about 32."""

MIN_COSINE = 0.97
"""Cosine of two image vectors from which on they are taken for nearly the same view."""

_TOLD = ("taken_at", "camera", "lens_model", "location", "exposure_s", "title", "description", "keywords", "rating")


@dataclass(frozen=True)
class Copy:
    """One photo of a group, or one file of it where the group is of files."""

    photo_id: str
    paths: list[str]
    format: str | None
    width_px: int | None
    height_px: int | None
    taken_at: str | None


@dataclass(frozen=True)
class Group:
    """Copies of one kind; `keep` is the one suggested, `others` the rest from the best to the least."""

    kind: Kind
    keep: Copy
    others: list[Copy]


@dataclass(frozen=True)
class Duplicates:
    """All groups, by kind, and how many photos have no perceptual hash in the collection to compare."""

    groups: list[Group] = field(default_factory=list)
    without_hash: int = 0


def find_duplicates(
    photos: Compared,
    kinds: Collection[Kind] = tuple(Kind),
    *,
    max_bits: int = MAX_BITS,
    min_cosine: float = MIN_COSINE,
) -> Duplicates:
    """The groups of these kinds among the photos; one that an earlier kind tells is not told again."""
    records = photos.records
    groups = [group for record in records.values() for group in _same_bytes(record)] if Kind.EXACT in kinds else []
    told: dict[str, set[str]] = {}
    if Kind.PERCEPTUAL in kinds:
        alike = _joined(_alike(records, max_bits))
        told = {photo_id: ids for ids in alike for photo_id in ids}
        groups += [_group(Kind.PERCEPTUAL, ids, records) for ids in alike]
    if Kind.SEMANTIC in kinds:
        near = _near(photos, min_cosine)
        groups += [_group(Kind.SEMANTIC, ids, records) for ids in near if not ids <= told.get(min(ids), set())]
    without_hash = sum("perceptual_hash" not in record.payload for record in records.values())
    return Duplicates(groups, without_hash if Kind.PERCEPTUAL in kinds else 0)


def keep_first(record: Record) -> tuple[bool, int, int, str, str]:
    """The order of preference: RAW (DNG), most pixels, most metadata, taken first, then the id; the least is kept.

    RAW stands before pixels because a camera's JPEG is often a few pixels larger than its RAW photo, and can be made
    from it.
    """
    payload = record.payload
    pixels = (payload.get("width_px") or 0) * (payload.get("height_px") or 0)
    told = sum(bool(payload.get(name)) for name in _TOLD)
    return (payload.get("format") != Format.DNG, -pixels, -told, payload.get("taken_at") or "~", record.point_id)


def _same_bytes(record: Record) -> Iterator[Group]:
    """The files of one photo; the one that lies in the fewest folders is kept, then the one with the shortest path."""
    paths = sorted(record.payload.get("paths", ()), key=lambda path: (len(PurePath(path).parts), len(path), path))
    if len(paths) > 1:
        keep, *others = (_copy(record, [path]) for path in paths)
        yield Group(Kind.EXACT, keep, others)


def _alike(records: Mapping[str, Record], max_bits: int) -> Iterator[tuple[str, str]]:
    """Pairs of photos whose hashes are equal or near; equal ones as a chain."""
    holders: dict[int, list[str]] = defaultdict(list)
    for photo_id, record in records.items():
        value = int(record.payload.get("perceptual_hash", "0"), 16)
        if tells_something(value):
            holders[value].append(photo_id)
    for photo_ids in holders.values():
        yield from pairwise(photo_ids)
    for one, other in near_pairs(holders, max_bits):
        yield holders[one][0], holders[other][0]


def _near(photos: Compared, min_cosine: float) -> list[set[str]]:
    """The photos that near vectors connect, in the order of their least ids."""
    import numpy as np

    from photo_assets.search.likeness import near_groups

    if not photos.vectors:
        return []
    ids, vectors = zip(*sorted(photos.vectors.items()), strict=True)
    members: dict[int, set[str]] = defaultdict(set)
    for photo_id, group in zip(ids, near_groups(np.stack(vectors), min_cosine).tolist(), strict=True):
        members[group].add(photo_id)
    return [group for group in members.values() if len(group) > 1]


def _joined(pairs: Iterable[tuple[str, str]]) -> list[set[str]]:
    """Everything that pairs connect, as sets, in the order of their least ids."""
    member_of: dict[str, set[str]] = {}
    for one, other in pairs:
        first, second = (member_of.setdefault(photo_id, {photo_id}) for photo_id in (one, other))
        if first is not second:
            larger, smaller = sorted((first, second), key=len, reverse=True)
            larger |= smaller
            member_of.update(dict.fromkeys(smaller, larger))
    return sorted({id(group): group for group in member_of.values()}.values(), key=min)


def _group(kind: Kind, photo_ids: Iterable[str], records: Mapping[str, Record]) -> Group:
    keep, *others = _copies(sorted((records[photo_id] for photo_id in photo_ids), key=keep_first))
    return Group(kind, keep, others)


def _copies(records: Sequence[Record]) -> list[Copy]:
    return [_copy(record, record.payload.get("paths", [])) for record in records]


def _copy(record: Record, paths: list[str]) -> Copy:
    names = ("format", "width_px", "height_px", "taken_at")
    return Copy(record.point_id, list(paths), **{name: record.payload.get(name) for name in names})
