"""What must hold whenever everything has come to rest, told from the disk and from nothing that the platform says.

Each judgement names what it found, so that a failure can be read.
"""

from hashlib import sha256
from typing import Any

from sqlalchemy import select

from resources.library.identity import photo_id
from resources.library.schema import files
from resources.vectors.port import OFFLINE

from .doubles import CORRUPT, caption_of
from .shelves import Shelves
from .works import Kept, Works


def judge(shelves: Shelves, works: Works, ever: set[bytes]) -> None:
    """Every root is there and confirmed, and nothing is under way; `ever` are the contents that ever were."""
    _originals_are_untouched(shelves)
    contents = {name_of(content): (content, paths) for content, paths in shelves.contents().items()}
    good = {photo for photo, (content, _) in contents.items() if not content.startswith(CORRUPT)}
    _the_ledger_knows_each_once(works, contents, good)
    _the_collection_has_each_once(works, contents, good, {name_of(content) for content in ever})
    nothing_is_done_twice(works.kept)


def name_of(content: bytes) -> str:
    """The photo that these bytes are."""
    return photo_id(sha256(content).hexdigest())


def present_paths(works: Works) -> set[str]:
    """The paths that the ledger takes for present."""
    with works.opened._reading.begin() as connection:
        return set(connection.scalars(select(files.c.display).where(files.c.present)))


def nothing_is_done_twice(kept: Kept) -> None:
    """Each photo was decoded once and embedded once, and once more for each run that was cut off."""
    again = {photo: times for photo, times in kept.pool.decoded.items() if times > 1 + kept.pardoned[photo]}
    assert not again, f"decoded again: {again}"
    inferred = {name_of(content): times for content, times in kept.engine.inferred.items()}
    again = {photo: times for photo, times in inferred.items() if times > 1 + kept.pardoned[photo]}
    assert not again, f"inferred again: {again}"


def _originals_are_untouched(shelves: Shelves) -> None:
    assert shelves.found() == shelves.expected(), "an original is not what it was"


def _the_ledger_knows_each_once(works: Works, contents: dict[str, Any], good: set[str]) -> None:
    counts = works.opened.counts()
    held = sum(len(paths) for _, paths in contents.values())
    holding = sum(len(contents[photo][1]) for photo in good)
    told = {name: counts[name] for name in ("files", "ok", "duplicates", "failed", "pending", "batches_planned")}
    wanted = {"files": held, "ok": len(good), "duplicates": holding - len(good), "failed": held - holding}
    assert told == wanted | {"pending": 0, "batches_planned": 0}, works.opened.failures()
    assert works.opened.paths_of(contents) == {photo: paths for photo, (_, paths) in contents.items()}


def _the_collection_has_each_once(works: Works, contents: dict[str, Any], good: set[str], ever: set[str]) -> None:
    index, version = works.kept.index, works.version
    points = list(index.scroll(version)) if version in index.versions() else []
    payloads = {point.point_id: point.payload for point in points}
    assert len(payloads) == len(points)
    assert payloads.keys() >= good, "a photo has no point"
    for photo in good:
        assert payloads[photo]["paths"] == contents[photo][1], "a point has other paths than its photo"
        assert payloads[photo]["caption"] == caption_of(contents[photo][0]), (
            "a point has another photo's caption, or none"
        )
        assert payloads[photo]["presence"] != OFFLINE, "a photo that is there is told to be offline"
    for photo in payloads.keys() - good:
        assert photo in ever and payloads[photo]["presence"] == OFFLINE, "a point of no photo"
    assert works.opened.ok_photo_ids() == payloads.keys(), "the ledger and the collection differ"
