"""The collection's versions: which model made each, which of them is searched, and how one ends.

What a version holds is collection.py's. The alias lies with the vector index and moves in one step; what led to it lies
in the ledger and is written before, so a kill between the two leaves searches where they were.
"""

from collections.abc import Iterator
from dataclasses import replace

from photo_assets.steps.truth import Differences
from resources.inference.port import InferenceEngine, Provenance
from resources.library.ledger import Ledger
from resources.library.versions import KnownVersion
from resources.vectors.errors import UnknownVersion
from resources.vectors.port import VectorIndex, version_name


def made_by(engine: InferenceEngine, folder: str | None = None) -> KnownVersion:
    """The version of what this engine embeds; `folder` is where its checkpoint lies if it is somebody's own."""
    clip, dimensions = engine.clip, engine.dimensions
    name = version_name(clip.model, clip.revision, clip.preprocessing, dimensions)
    return KnownVersion(name, clip.model, clip.revision, clip.preprocessing, dimensions, folder)


def is_made_by(version: str, clip: Provenance) -> bool:
    """Whether a version's name is that of what this model embeds, told without loading it."""
    *_, dimensions, _ = ["", *version.split("-")]
    named = dimensions.isdecimal() and version_name(clip.model, clip.revision, clip.preprocessing, int(dimensions))
    return version == named


def note(index: VectorIndex, ledger: Ledger, wanted: KnownVersion, now: float) -> None:
    """Write down the settings' version as wanted `now`, and of each other that is not known what its points say."""
    ledger.note_version(replace(wanted, wanted_at=now))
    known = ledger.known_versions()
    for name in index.versions():
        if name not in known and (version := _told_by_points(index, name)):
            ledger.note_version(replace(version, wanted_at=now))


def known(index: VectorIndex, ledger: Ledger | None, name: str) -> KnownVersion | None:
    """What is known of a version, without a ledger by its points alone; None of an empty one that nobody wrote down."""
    noted = None if ledger is None else ledger.known_versions().get(name)
    return noted or _told_by_points(index, name)


def named(index: VectorIndex, ledger: Ledger, part: str) -> KnownVersion:
    """The version with this name, or the only one whose name has this in it. Raises UnknownVersion.

    One of which nothing is known is told with an empty model.
    """
    names = index.versions()
    found = [name for name in names if name == part] or [name for name in names if part and part in name]
    if len(found) != 1:
        raise UnknownVersion(part, tuple(names))
    return known(index, ledger, found[0]) or KnownVersion(found[0], "", "", "", 0)


def switch(index: VectorIndex, ledger: Ledger, version: str, *, by_hand: bool = False) -> str | None:
    """Search this version from now on; returns the one that was searched until now, None where it was this one.

    `by_hand`: a person says so against the settings, and what is left is not searched again until a person says that.
    """
    active = index.active_version()
    if active == version:
        return None
    ledger.leave_version(active, version, by_hand=by_hand)
    index.switch_alias(version)
    return active


def switch_to_whole(index: VectorIndex, ledger: Ledger, found: Differences) -> str | None:
    """Search the version that was compared if nothing is wrong with it, unless a person has left it.

    Returns the one that was searched until now, None where nothing is switched.
    """
    known = ledger.known_versions().get(found.version)
    if not found.photos or not found.is_none or (known and known.left_by_hand):
        return None
    return switch(index, ledger, found.version)


def previous(index: VectorIndex, ledger: Ledger) -> KnownVersion | None:
    """The version that searches left last and that is still there."""
    left = [version for version in _others(index, ledger) if version.left_at is not None]
    return max(left, key=KnownVersion.unused_since, default=None)


def drop_unused(index: VectorIndex, ledger: Ledger, before: float) -> list[str]:
    """Drop the versions that were neither searched nor wanted since `before`, in Unix seconds; returns their names."""
    unused = [version.name for version in _others(index, ledger) if version.unused_since() < before]
    for name in unused:
        drop(index, ledger, name)
    return unused


def drop(index: VectorIndex, ledger: Ledger, name: str) -> None:
    """Delete a version and its points. Raises ActiveVersion, UnknownVersion."""
    index.drop_version(name)
    ledger.forget_version(name)


def _others(index: VectorIndex, ledger: Ledger) -> Iterator[KnownVersion]:
    """The versions that are there and not searched."""
    there = set(index.versions()) - {index.active_version()}
    return (version for version in ledger.known_versions().values() if version.name in there)


def _told_by_points(index: VectorIndex, name: str) -> KnownVersion | None:
    record = next(index.scroll(name), None)
    if record is None:
        return None
    dimensions = len(index.vectors(name, [record.point_id])[record.point_id])
    told = record.payload
    return KnownVersion(name, told["clip_model"], told["clip_revision"], told["preprocessing"], dimensions)
