"""The ledger: a small SQL database that knows every file, every photo and every batch.

The one door to it. Each method is one transaction, so a kill between any two of them loses nothing and doubles nothing;
what a transaction does stands in looking.py, batching.py, claiming.py and beside them. No file is opened here.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from resources.library import (
    audit,
    batching,
    claiming,
    held,
    looking,
    moving,
    offline,
    path_changes,
    portable,
    provenance,
    quarantine,
    retries,
    sidecars,
    telling,
    versions,
)
from resources.library.database import only_reading, open_database
from resources.library.identity import IdentifiedFile, Member
from resources.library.scan import Portion
from resources.library.tokens import token_of


class Ledger:
    """All library state, in a SQLite file or, by a URL, in PostgreSQL. Safe to open from several processes.

    Each method raises LedgerUnavailable where the database does not serve.
    """

    def __init__(self, where: Path | str) -> None:
        self._database = open_database(where)
        self._reading = only_reading(self._database)

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the database connections back."""
        self._database.dispose()

    def write_copy(self, folder: Path) -> list[Path]:
        """Write all of it into `folder`, as of one moment: a Parquet file for each table."""
        with self._reading.begin() as connection:
            return portable.write_copy(connection, folder)

    def read_copy(self, folder: Path) -> None:
        """Become what a copy says, all of it or nothing. Raises UnreadableCopy."""
        with self._database.begin() as connection:
            portable.read_copy(connection, folder)

    def is_empty(self) -> bool:
        """Whether nothing was ever written down here."""
        with self._reading.begin() as connection:
            return portable.is_empty(connection)

    def empty(self) -> None:
        """Forget everything."""
        with self._database.begin() as connection:
            portable.empty(connection)

    def begin_look(
        self, root: bytes, device: int, folder: str = "", *, anew: bool = False, now: float | None = None
    ) -> looking.LookUnderWay:
        """Begin a look at a root, or go on with the one that had to stop unless `anew`; `now` in Unix seconds.

        It goes on only below the same `folder`: what the look has seen of a disk says nothing once that is gone.
        """
        with self._database.begin() as connection:
            return looking.begin(connection, root, device, folder, _now(now), anew=anew)

    def observe(self, look: looking.LookUnderWay, portion: Portion, *, now: float | None = None) -> looking.Seen:
        """Compare a portion of a look with what is known; `now` is the portion's own time by default."""
        with self._database.begin() as connection:
            began_at, ended_at = (portion.began_at, time.time()) if now is None else (now, now)
            return looking.observe(connection, look, portion, began_at, ended_at)

    def end_look(self, look: looking.LookUnderWay, *, now: float | None = None) -> tuple[looking.Seen, str | None]:
        """Conclude what a look that has come to the root's end did not see, or say why not."""
        with self._database.begin() as connection:
            return looking.end(connection, look, _now(now))

    def hold_root(self, root: bytes, reason: str) -> None:
        """Write down why a root could not be looked at; nothing below it is taken for missing."""
        with self._database.begin() as connection:
            held.hold(connection, root, reason)

    def held_roots(self) -> dict[bytes, str]:
        """The roots below which nothing is taken for missing, each with the reason."""
        with self._reading.begin() as connection:
            return held.held_roots(connection)

    def confirm_missing(self, root: bytes) -> None:
        """Let the next complete look at a held root take what is missing for gone. Raises NothingHeld."""
        with self._database.begin() as connection:
            held.confirm_missing(connection, root)

    def take_all_for_missing(self, root: bytes, *, now: float | None = None) -> int:
        """Take everything below a held root for missing, and return how many files that is. Raises NothingHeld."""
        with self._database.begin() as connection:
            return held.take_all_for_missing(connection, root, _now(now))

    def move_root(self, old: bytes, new: bytes, *, now: float | None = None) -> int:
        """Take what was below `old` for being below `new`, and return how many files that is. Raises NotMovable."""
        with self._database.begin() as connection:
            return moving.move_root(connection, old, new, _now(now))

    def path_changes(self, most: int | None = None) -> dict[str, float]:
        """The photos, or up to `most`, whose paths the collection does not have yet, each with when they changed."""
        with self._reading.begin() as connection:
            return path_changes.changes(connection, most)

    def write_presence(self, paths: Mapping[str, Sequence[str]], now: float) -> None:
        """Write down of each photo, with the paths of its present files, since when it is offline, if it is."""
        with self._database.begin() as connection:
            offline.write_presence(connection, paths, now)

    def settle_path_changes(self, told: Mapping[str, float]) -> None:
        """Take these changes off, now that the collection has them; one that was noted again meanwhile stays."""
        with self._database.begin() as connection:
            path_changes.settle(connection, told)

    def offline_before(self, before: float, most: int) -> list[str]:
        """Up to `most` photos with points that have been offline since `before` or longer, the longest first."""
        with self._reading.begin() as connection:
            return offline.offline_before(connection, before, most)

    def remove(self, photo_ids: Collection[str], now: float) -> int:
        """Write down of these photos that they have no points any more, and return of how many that is news."""
        with self._database.begin() as connection:
            return offline.remove(connection, photo_ids, now)

    def removed_of(self, photo_ids: Iterable[str]) -> set[str]:
        """Those of the photos that are removed."""
        with self._reading.begin() as connection:
            return offline.removed_of(connection, photo_ids)

    def pointless(self, photo_ids: Iterable[str]) -> list[str]:
        """Those of the photos that have no point by right: given up, or failed now."""
        with self._reading.begin() as connection:
            return offline.pointless(connection, photo_ids)

    def removed_since(self, since: float) -> int:
        """How many photos were removed at `since` or later, and are not back."""
        with self._reading.begin() as connection:
            return offline.removed_since(connection, since)

    def batches_to_rewrite(self) -> dict[str, str]:
        """The done batches whose removed photos a file holds again, each with a token of which and since when."""
        with self._reading.begin() as connection:
            return offline.batches_to_rewrite(connection)

    def collection_due(self, removed_before: float) -> str | None:
        """Name the first thing that the collection as a whole is to follow, or None: a token for asking once.

        A change of paths, a photo that has been offline since `removed_before`, a root that is newly held or whole.
        """
        with self._reading.begin() as connection:
            late = (
                path_changes.changes(connection, 1)
                or offline.offline_before(connection, removed_before, 1)
                or held.untold_roots(connection)
            )
        return token_of(late) if late else None

    def tell_held_roots(self, roots: Collection[bytes]) -> None:
        """Write down that the collection's check has told that these roots are held and the others are not."""
        with self._database.begin() as connection:
            held.tell_held(connection, roots)

    def cut_batches(self, size: int, most: int = 1_000_000, *, rest_seen_before: float = float("inf")) -> list[str]:
        """Cut settled files into at most `most` planned batches of at most `size` files; the new keys, in order.

        A rest that fills no batch waits for more until one of its files was first seen before `rest_seen_before`.
        """
        with self._database.begin() as connection:
            return batching.cut_batches(connection, size, most, rest_seen_before)

    def planned_batches(self) -> list[str]:
        """The batches that no run has finished, oldest first."""
        with self._reading.begin() as connection:
            return batching.planned_batches(connection)

    def is_done(self, batch: str) -> bool:
        """Whether a run has finished the batch."""
        with self._reading.begin() as connection:
            return batching.is_done(connection, batch)

    def batch_sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """How many files each of these batches has; of an unknown one nothing."""
        with self._reading.begin() as connection:
            return batching.sizes(connection, keys)

    def members(self, batch: str) -> list[Member]:
        """The files of a batch, in their fixed order. Raises UnknownBatch."""
        with self._reading.begin() as connection:
            return batching.members(connection, batch)

    def record_identities(
        self, batch: str, identified: Sequence[IdentifiedFile], *, now: float | None = None
    ) -> set[str]:
        """Remember which photo each file holds; the ids of the photos that this batch is to decode."""
        with self._database.begin() as connection:
            return claiming.record_identities(connection, batch, identified, _now(now))

    def paths_of(self, photo_ids: Iterable[str]) -> dict[str, list[str]]:
        """The display paths of each photo's present files, in path order."""
        with self._reading.begin() as connection:
            return claiming.paths_of(connection, photo_ids)

    def places_of(self, photo_ids: Iterable[str]) -> dict[str, list[claiming.Place]]:
        """Where the present files lie that hold each photo, in path order; photos without any are left out."""
        with self._reading.begin() as connection:
            return claiming.places_of(connection, photo_ids)

    def quarantined(self, photo_ids: Iterable[str], decoder: str) -> dict[str, str]:
        """Those of the photos that killed this decoder too often, each with the kind of its last failure."""
        with self._reading.begin() as connection:
            return quarantine.quarantined(connection, photo_ids, decoder)

    def record_failures(self, failed: Mapping[str, str], decoder: str) -> None:
        """Remember which decoder failed these photos, id to kind of failure, and which of them have ended it."""
        with self._database.begin() as connection:
            retries.blame(connection, failed, decoder)
            quarantine.count_kills(connection, failed, decoder)

    def release_due(self, decoder: str | None, *, now: float | None = None) -> int:
        """Let the next cut take the failures that are due or were another decoder's; how many files those are."""
        with self._database.begin() as connection:
            return retries.release_due(connection, _now(now), decoder)

    def batches_with_due_captions(self, *, now: float | None = None) -> dict[str, str]:
        """The done batches that are to write captions again that failed, each with a token of which."""
        with self._reading.begin() as connection:
            return retries.batches_with_due_captions(connection, _now(now))

    def retry_now(self, paths: Sequence[bytes] = (), *, now: float | None = None) -> int:
        """Make all failures due, or those at or below the paths, quarantined ones too; how many files those are."""
        with self._database.begin() as connection:
            return retries.retry_now(connection, paths, _now(now))

    def sidecars_of(self, photo_ids: Sequence[str]) -> dict[str, list[sidecars.KnownSidecar]]:
        """The sidecars of each photo's present files, in path order; photos without any are left out."""
        with self._reading.begin() as connection:
            return sidecars.sidecars_of(connection, photo_ids)

    def batches_with_new_sidecars(self) -> dict[str, str]:
        """The done batches whose metadata is behind their sidecars, each with a token of what is to be applied."""
        with self._reading.begin() as connection:
            return sidecars.due_batches(connection)

    def finish_batch(
        self,
        batch: str,
        outcomes: Iterable[batching.Outcome],
        sidecars_read: Iterable[tuple[int, str | None]] = (),
        made_by: Mapping[str, provenance.Facts] | None = None,
        *,
        now: float | None = None,
    ) -> None:
        """Record how each photo ended, which sidecars are applied, what made the tables, and that the batch is done."""
        with self._database.begin() as connection:
            batching.finish_batch(connection, batch, outcomes, _now(now))
            sidecars.apply(connection, batch, sidecars_read)
            provenance.write_provenance(connection, batch, made_by or {})

    def stale_batches(self, *current: Mapping[str, provenance.Facts]) -> list[provenance.StaleBatch]:
        """The done batches with tables that are as none of `current` says by table, oldest first."""
        with self._reading.begin() as connection:
            return provenance.stale_batches(connection, current)

    def written_values(self, asset: str, fact: str) -> set[str]:
        """What a fact of what makes an asset's tables is written down as, over all batches."""
        with self._reading.begin() as connection:
            return provenance.written_values(connection, asset, fact)

    def doubt_points(self, wrong: Mapping[str, int]) -> None:
        """Say of batches that so many of their points are not what their tables say; stale until written again."""
        with self._database.begin() as connection:
            provenance.doubt(connection, "collection_points", wrong)

    def note_version(self, version: versions.KnownVersion) -> None:
        """Write down which model made a version of the collection, and when it was last wanted."""
        with self._database.begin() as connection:
            versions.note(connection, version)

    def known_versions(self) -> dict[str, versions.KnownVersion]:
        """What was written down of the collection's versions, by name; some may be gone."""
        with self._reading.begin() as connection:
            return versions.known(connection)

    def leave_version(self, left: str | None, entered: str, *, by_hand: bool, now: float | None = None) -> None:
        """Write down, before it is done, that searches leave one version for another, and whether a person says so."""
        with self._database.begin() as connection:
            versions.leave(connection, left, entered, _now(now), by_hand)

    def forget_version(self, name: str) -> None:
        """Take off a version that was dropped."""
        with self._database.begin() as connection:
            versions.forget(connection, name)

    def originals_to_audit(
        self, most_bytes: int, *, read_before: float = float("inf"), after: int = 0
    ) -> list[audit.Original]:
        """The originals to read again next: those found wrong, then those not read for longest, less the first `after`.

        None that was read at `read_before`, in Unix seconds, or later.
        """
        with self._reading.begin() as connection:
            return audit.due(connection, most_bytes, read_before, after)

    def record_audit(self, audited: Sequence[audit.Audited], now: float) -> None:
        """Write down what reading these originals again has shown."""
        with self._database.begin() as connection:
            audit.record(connection, audited, now)

    def audit_findings(self) -> list[dict[str, Any]]:
        """The originals that are not what they were: path, verdict, message, audited_at."""
        with self._reading.begin() as connection:
            return audit.findings(connection)

    def counts(self) -> dict[str, int]:
        """How many files and photos are where, by telling.py's names; files = ok + failed + duplicates + pending."""
        with self._reading.begin() as connection:
            return telling.counts(connection)

    def failures(self, paths: Sequence[bytes] = ()) -> list[dict[str, Any]]:
        """Every file that yields no photo, or those at or below the paths; telling.py names the fields."""
        with self._reading.begin() as connection:
            return telling.failures(connection, paths)

    def files_holding(self, photo_id: str) -> list[tuple[bytes, str]]:
        """Path and signature of each present file that holds the photo, in path order."""
        with self._reading.begin() as connection:
            return telling.files_holding(connection, photo_id)

    def ok_photo_ids(self) -> set[str]:
        """The photos that the collection must hold."""
        with self._reading.begin() as connection:
            return telling.ok_photo_ids(connection)

    def ok_photos(self) -> dict[str, str]:
        """The photos that the collection must hold, each with the batch whose tables say what."""
        with self._reading.begin() as connection:
            return telling.ok_photos(connection)

    def claimed_of(self, photo_ids: Iterable[str]) -> set[str]:
        """Those of the photos that a batch is bringing: they may have a point already."""
        with self._reading.begin() as connection:
            return telling.claimed_of(connection, photo_ids)


def _now(given: float | None) -> float:
    return time.time() if given is None else given
