"""One truth: ledger = tables = points. What each says of a photo, and the photos of which they do not say the same.

Only comparing belongs here. What is wrong is put right by writing the points of its batch again (collection.py), which
infers nothing; when that is done stands in repairing.py. A photo's point is stale when its payload is not the one
that its batch wrote down in a digest, or when it says another place than the ledger. Vectors are compared by
true_vectors.py, for those who ask.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from resources.library.ledger import Ledger
from resources.library.versions import KnownVersion
from resources.tables.schema import Row
from resources.tables.store import TableStore
from resources.vectors.payloads import canonical
from resources.vectors.port import Record, VectorIndex, is_offline

# What the ledger tells of a photo in its point's payload, and what is told of the model that embedded it and not of it.
OF_THE_PLACE = ("paths", "presence")
OF_THE_VECTOR = ("clip_model", "clip_revision", "preprocessing")
_TOLD_BY_TABLES = ("photo_id", "status", "collection", "payload_digest")
CHUNK = 1_000


@dataclass(frozen=True)
class Told:
    """What the tables say of a photo's point: the version it was written into, and its payload's digest, if known."""

    collection: str
    digest: str | None


@dataclass(frozen=True)
class Differences:
    """One version against ledger and tables, by photo ids in order.

    `missing` have no point, `orphans` are points of no photo, `stale` are points that say something else than ledger
    and tables. `waiting` are missing photos that this version's model has not embedded yet, and `untold` photos of
    which the tables say nothing, so that their points could not be written again.
    """

    version: str
    points: int
    photos: int
    missing: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    batches: Mapping[str, int] = field(default_factory=dict)
    """The batches that are to write their points again, each with how many of them."""

    @property
    def is_none(self) -> bool:
        """Whether all three say the same."""
        return not (self.is_wrong or self.waiting)

    @property
    def is_wrong(self) -> bool:
        """Whether anything differs that is not only on its way."""
        return bool(self.missing or self.orphans or self.stale or self.untold)

    def by_kind(self) -> dict[str, list[str]]:
        """The ids of each kind of difference."""
        return {kind: getattr(self, kind) for kind in ("missing", "orphans", "stale", "waiting", "untold")}

    def told(self) -> str:
        """How many photos differ in what, in words."""
        return ", ".join(f"{len(ids):,} {kind}" for kind, ids in self.by_kind().items() if ids)

    def remedy(self) -> str:
        """What a person can do, or nothing."""
        if self.is_wrong:
            return "`photos collection repair` or the next `photos refresh` puts it right, without inference"
        return "`photos refresh` embeds the photos that wait for this model" if self.waiting else ""


def payload_digest(payload: Mapping[str, Any]) -> str:
    """16 hex digits of what the tables say in a payload: all but the place and whose vector it is."""
    told = {name: value for name, value in payload.items() if _is_of_tables(name) and value is not None}
    return hashlib.blake2b(canonical(told).encode(), digest_size=8).hexdigest()


def told_by(rows: Iterable[Row]) -> dict[str, Told]:
    """What the rows of collection_points, of any batches, say of each photo that is to have a point."""
    return {row["photo_id"]: Told(row["collection"], row["payload_digest"]) for row in rows if row["status"] == "ok"}


def told_by_tables(tables: TableStore) -> dict[str, Told]:
    """The same of all that is written."""
    return told_by(tables.rows("collection_points", _TOLD_BY_TABLES))


def compare(
    index: VectorIndex, ledger: Ledger, version: str, told: Mapping[str, Told], unlike: Collection[str] = ()
) -> Differences:
    """Compare every point of a version, there or not, with the ledger and with what the tables say.

    The points of `unlike` are stale in any case: their vectors are not what they should be.
    """
    photos, known = ledger.ok_photos(), ledger.known_versions().get(version)
    seen: set[str] = set()
    stale: list[str] = []
    records = iter(index.scroll(version) if version in index.versions() else ())
    while chunk := list(islice(records, CHUNK)):
        seen.update(record.point_id for record in chunk)
        paths = ledger.paths_of(record.point_id for record in chunk if record.point_id in photos)
        stale += [
            record.point_id
            for record in chunk
            if record.point_id in photos
            and (
                record.point_id in unlike
                or _is_stale(record, paths.get(record.point_id, []), told.get(record.point_id), known)
            )
        ]
    # What moved while it was compared is on its way: following.py tells it.
    moving = ledger.path_changes() if stale else {}
    stale = [photo_id for photo_id in stale if photo_id not in moving]
    lacking = sorted(photos.keys() - seen)
    missing = [photo_id for photo_id in lacking if photo_id not in told or told[photo_id].collection == version]
    untold = sorted(photos.keys() - told.keys())
    to_write = Counter(photos[photo_id] for photo_id in {*missing, *stale, *untold})
    return Differences(
        version,
        len(seen),
        len(photos),
        missing,
        _orphans(ledger, seen - photos.keys()),
        stale,
        sorted(set(lacking).difference(missing)),
        untold,
        dict(sorted(to_write.items())),
    )


def _orphans(ledger: Ledger, without_photo: Collection[str]) -> list[str]:
    """Those of the points that no batch is bringing or has brought meanwhile."""
    if not without_photo:
        return []
    return sorted(set(without_photo) - ledger.claimed_of(without_photo) - ledger.ok_photo_ids())


def _is_stale(record: Record, paths: list[str], told: Told | None, known: KnownVersion | None) -> bool:
    payload = record.payload
    if is_offline(payload) != (not paths) or (paths and payload.get("paths") != paths):
        return True
    if known and (known.model, known.revision, known.preprocessing) != tuple(map(payload.get, OF_THE_VECTOR)):
        return True
    return told is not None and told.digest is not None and told.digest != payload_digest(payload)


def _is_of_tables(name: str) -> bool:
    return name not in OF_THE_PLACE and name not in OF_THE_VECTOR
