"""The collection's versions for a person: listed, compared, switched, rolled back and dropped.

What the commands of collection_commands.py do; what each step is stands in steps/versions.py and search/comparing.py.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from photo_assets.definitions import DAY_S, open_resource
from photo_assets.search.comparing import Comparison, canaries, compare
from photo_assets.search.gallery import write_gallery
from photo_assets.search.models import VersionModels
from photo_assets.search.query import Query
from photo_assets.search.searching import Searcher
from photo_assets.settings import Settings
from photo_assets.steps import versions as life
from photo_assets.steps.catching_up import CannotCatchUp, keep_searched_whole
from photo_assets.steps.collection import ids_in
from photo_assets.steps.truth import compare as compare_points
from photo_assets.steps.truth import told_by_tables
from resources.decoding.previews import PreviewStore
from resources.errors import PhotoPlatformError
from resources.inference.errors import ModelError
from resources.inference.resource import InferenceResource
from resources.library.ledger import Ledger
from resources.library.versions import KnownVersion
from resources.tables.store import TableStore
from resources.vectors.errors import UnknownVersion
from resources.vectors.port import VectorIndex

_SHOWN_PHOTOS = 3


class VersionError(PhotoPlatformError):
    """What was asked of a version is refused; the message says what to do."""


@dataclass(frozen=True)
class Listed:
    """One version as `photos collection list` shows it; `state` says what it is for and what becomes of it."""

    name: str
    model: str
    revision: str
    dimensions: int
    photos: int
    missing: int
    state: str


@contextmanager
def open_versions(settings: Settings) -> Iterator["Versions"]:
    """The versions of this library's collection."""
    library, inference, vectors, decoding = (
        open_resource(settings, name) for name in ("library", "inference", "vectors", "decoding")
    )
    models = VersionModels(inference, library.ledger)
    with library.ledger() as ledger, vectors.index() as index:
        yield Versions(settings, index, ledger, inference, models, decoding.previews())


@dataclass(frozen=True)
class Versions:
    """An open collection, and what makes it."""

    settings: Settings
    index: VectorIndex
    ledger: Ledger
    inference: InferenceResource
    models: VersionModels
    previews: PreviewStore

    def listed(self) -> list[Listed]:
        """Every version that is there, the searched one first."""
        rows = [self._listed(name) for name in self.index.versions()]
        return sorted(rows, key=lambda row: (row.name != self.index.active_version(), row.name))

    def compare(self, old: str = "", new: str = "") -> Comparison:
        """Compare two versions: the searched one and the settings', unless others are named."""
        wanted = self._wanted()
        if not (new or wanted):
            raise VersionError(
                "the settings' model has made no version yet; run `photos refresh`, or name two versions"
            )
        pair = self._named(old or self._searched()), self._named(new or str(wanted))
        if pair[0].name == pair[1].name:
            raise VersionError(f"{pair[0].name} would be compared with itself; name two of `photos collection list`")
        queries = canaries(self.settings.photo_comparison_queries)
        return compare(self.index, self.ledger.ok_photo_ids(), pair, self.models, queries)

    def write_page(self, found: Comparison, path: Path) -> Path:
        """Write both versions' hits of every query to `path`, below each other, with thumbnails."""
        searcher = Searcher(self.index, self.models, self.previews, show_missing=True)
        sides = {f"old: {found.old.version.model}": found.old, f"new: {found.new.version.model}": found.new}
        # One version after the other, since each has its model.
        hits = {
            (each.query, title): searcher.find(Query(each.query), side.version.name)
            for title, side in sides.items()
            for each in found.answers
        }
        results = {f"{each.query} · {title}": hits[each.query, title] for each in found.answers for title in sides}
        return write_gallery(path, "Two versions of the collection", results)

    def switch(self, part: str, *, force: bool = False) -> str:
        """Search another version. Raises VersionError for one with which anything is wrong, unless by `force`."""
        version = self._named(part)
        if not force:
            self._check(version)
        return self._search(version)

    def rollback(self) -> str:
        """Search the version again that was searched before. Raises VersionError where there is none."""
        before = life.previous(self.index, self.ledger)
        if before is None:
            raise VersionError("there is no version to go back to: no other was searched before and is still there")
        return self._search(before)

    def drop(self, part: str) -> str:
        """Delete a version. Raises VersionError for the settings', ActiveVersion for the searched one."""
        version = self._named(part)
        if version.name == self._wanted():
            raise VersionError(
                f"{version.name} is that of the settings' model, and what is new is written to it. Set "
                "PHOTO_CLIP_MODEL to another model first."
            )
        life.drop(self.index, self.ledger, version.name)
        return f"{version.name} is gone"

    def _search(self, version: KnownVersion) -> str:
        against_the_settings = self.index.active_version() == self._wanted()
        left = life.switch(self.index, self.ledger, version.name, by_hand=against_the_settings)
        if left is None:
            return f"{version.name} is searched already"
        return f"{version.name} is searched now, instead of {left}" + self._completed(version)

    def _check(self, version: KnownVersion) -> None:
        told = told_by_tables(TableStore(self.settings.photo_data / "tables"))
        found = compare_points(self.index, self.ledger, version.name, told)
        if missing := sorted([*found.missing, *found.waiting]):
            raise VersionError(f"{version.name} {self._lacks(missing)}. {self._remedy(version)}, or give --force.")
        if found.is_wrong:
            raise VersionError(
                f"{version.name} is not what ledger and tables say: {found.told()}. Run `photos collection repair`, or "
                "give --force."
            )

    def _completed(self, version: KnownVersion) -> str:
        """What came of bringing in the photos that came after the version was left."""
        try:
            written = keep_searched_whole(self.index, self.ledger, self.previews, self.models, self._wanted())
        except (ModelError, CannotCatchUp) as error:
            return f"; photos that it lacks are not found in it: {error}"
        missing = self._missing(version.name)
        told = f"; {written:,} newer photos were brought in" if written else ""
        return told + (f"; it {self._lacks(missing)}. {self._remedy(version)}." if missing else "")

    def _listed(self, name: str) -> Listed:
        version = self._named(name)
        points = ids_in(self.index, name)
        photos = self.ledger.ok_photo_ids()
        told = (name, version.model, version.revision, version.dimensions)
        return Listed(*told, len(points & photos), len(photos - points), self._state(version, photos - points))

    def _state(self, version: KnownVersion, missing: set[str]) -> str:
        if version.name == self.index.active_version():
            return "searched"
        if version.name == self._wanted():
            return self._waits(version, missing)
        before = life.previous(self.index, self.ledger)
        ends = datetime.fromtimestamp(version.unused_since() + self.settings.photo_collection_grace_days * DAY_S)
        use = "to roll back to" if before and before.name == version.name else "unused"
        return f"{use}, dropped after {ends:%Y-%m-%d %H:%M}" if version.unused_since() else use

    def _waits(self, version: KnownVersion, missing: set[str]) -> str:
        if missing:
            return "being made"
        if version.left_by_hand or not self.settings.photo_collection_auto_switch:
            return "waits for `photos collection switch`"
        return "searched after the next run of photo_collection"

    def _wanted(self) -> str | None:
        """The version of the settings' model, which is not loaded for it; None before its first photo."""
        clip, _ = self.inference.provenance()
        return next((name for name in self.index.versions() if life.is_made_by(name, clip)), None)

    def _searched(self) -> str:
        active = self.index.active_version()
        if active is None:
            raise VersionError("the collection is empty; run `photos ingest` first")
        return active

    def _named(self, part: str) -> KnownVersion:
        try:
            return life.named(self.index, self.ledger, part)
        except UnknownVersion:
            names = ", ".join(self.index.versions()) or "none yet"
            raise VersionError(f"{part!r} is not one version's name or a part of it; there are: {names}") from None

    def _missing(self, version: str) -> list[str]:
        return sorted(self.ledger.ok_photo_ids() - ids_in(self.index, version))

    def _lacks(self, missing: list[str]) -> str:
        """In words, with the files of a few."""
        paths = self.ledger.paths_of(missing[:_SHOWN_PHOTOS])
        shown = ", ".join((paths[photo_id] or [photo_id])[0] for photo_id in missing[:_SHOWN_PHOTOS])
        return f"lacks {len(missing):,} of {len(self.ledger.ok_photo_ids()):,} photos, such as {shown}"

    def _remedy(self, version: KnownVersion) -> str:
        if version.name == self._wanted():
            return "Run `photos refresh`"
        return f"Set PHOTO_CLIP_MODEL back to {version.folder or version.model} and run `photos refresh`"


def as_plain_data(found: Comparison) -> Mapping[str, Any]:
    """All of a comparison as JSON has it."""
    return asdict(found) | {"overlap": found.overlap, "rank_correlation": found.rank_correlation}
