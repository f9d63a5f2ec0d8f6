"""Looking at the library and cutting batches: look, and once more for a person who waits.

Two looks because a file is taken only at rest. The sensor looks once per tick; a person who waits gets both at once.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resources.library.errors import RootUnavailable
from resources.library.ledger import Ledger
from resources.library.look import look_over
from resources.library.looking import SETTLE_S, Seen
from resources.library.patterns import EVERYTHING, Patterns


@dataclass(frozen=True)
class Roots:
    """What is looked at: the library's folders, less our own `state` and what the patterns leave out."""

    paths: Sequence[Path]
    state: Path
    patterns: Patterns = EVERYTHING


@dataclass
class Scan:
    """What came of one scan over all roots.

    `retried` counts the files that failed before and are due for another try. `held` says of a root why nothing of it
    was taken for missing, `unavailable` why it could not be looked at.
    """

    seen: Seen = field(default_factory=Seen)
    retried: int = 0
    batches: list[str] = field(default_factory=list)
    held: dict[Path, str] = field(default_factory=dict)
    unavailable: list[RootUnavailable] = field(default_factory=list)
    unfinished: list[Path] = field(default_factory=list)

    def told(self) -> str:
        """One sentence for a log."""
        seen = self.seen
        return (
            f"{seen.new} new, {seen.changed} changed, {seen.settling} settling, {seen.settled} settled, "
            f"{seen.unchanged} unchanged, {seen.moved} moved, {seen.back} back, {seen.missing} missing, "
            f"{_told_skipped(seen)}, {seen.sidecars} sidecars new or changed, {self.retried} failed ones due again; "
            f"{len(self.batches)} batches cut"
        )

    def warnings(self) -> list[str]:
        """What a person should know or do, root by root."""
        goes_on = [f"{root}: not through yet, the next look goes on" for root in self.unfinished]
        held = [told_held(os.fsencode(root), reason) for root, reason in self.held.items()]
        return [*goes_on, *held, *map(str, self.unavailable)]


def _told_skipped(seen: Seen) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(seen.skipped.items()))
    return f"{seen.skipped.total()} skipped ({reasons})" if reasons else "0 skipped"


def told_held(root: bytes, reason: str) -> str:
    """What a person is to do about a root below which nothing is taken for missing."""
    shown = root.decode("utf-8", "backslashreplace")
    return (
        f"{shown}: {reason}, so nothing below it is taken for missing. Mount its disk; if the photos are really gone, "
        f"run `photos library confirm-missing {shown}`"
    )


def scan_once(
    ledger: Ledger,
    roots: Roots,
    batch_size: int,
    *,
    most_batches: int = 1_000_000,
    stop_at: float = float("inf"),
    anew: bool = False,
    patience_s: float = 0.0,
    decoder: str | None = None,
) -> Scan:
    """Look at every root once, up to the time `stop_at` of `time.monotonic`, and cut what has settled or is due again.

    It goes on with a look that had to stop, unless it is to begin `anew`. What failed under another `decoder` is due,
    too. While more is coming, files that fill no batch wait `patience_s` for it. Raises RootUnavailable when no root
    can be read.
    """
    scan = Scan()
    for root in roots.paths:
        _look_at(scan, ledger, roots, root, stop_at=stop_at, anew=anew)
    if scan.unavailable and len(scan.unavailable) == len(roots.paths):
        raise scan.unavailable[0]
    scan.retried = ledger.release_due(decoder)
    more_is_coming = bool(scan.seen.settling or scan.unfinished)
    rest_seen_before = time.time() - patience_s if more_is_coming else float("inf")
    scan.batches = ledger.cut_batches(batch_size, most_batches, rest_seen_before=rest_seen_before)
    return scan


def _look_at(scan: Scan, ledger: Ledger, roots: Roots, root: Path, *, stop_at: float, anew: bool) -> None:
    try:
        looked = look_over(ledger, root, without=roots.state, patterns=roots.patterns, stop_at=stop_at, anew=anew)
    except RootUnavailable as error:  # the other roots' photos need not wait for it
        ledger.hold_root(error.root, error.reason)
        scan.unavailable.append(error)
        return
    scan.seen += looked.seen
    scan.unfinished += [root] if looked.unfinished else []
    scan.held |= {root: looked.held} if looked.held else {}


def scan_until_settled(
    ledger: Ledger,
    roots: Roots,
    batch_size: int,
    *,
    decoder: str | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Scan:
    """Look twice where something is settling, and do `meanwhile` what takes its time too.

    Each look sees the whole library: what another had seen when it had to stop says nothing of what came since. Files
    still growing after the second are left for the next scan.
    """
    first = scan_once(ledger, roots, batch_size, anew=True, decoder=decoder)
    if not first.seen.settling:
        return first
    settled_at = time.monotonic() + SETTLE_S * 1.05  # the clock that dates the looks may be slowed down till then
    meanwhile()
    time.sleep(max(0.0, settled_at - time.monotonic()))
    second = scan_once(ledger, roots, batch_size, anew=True, decoder=decoder)
    return Scan(
        first.seen, first.retried + second.retried, first.batches + second.batches, second.held, second.unavailable
    )
