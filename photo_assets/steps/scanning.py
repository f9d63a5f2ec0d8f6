"""From library roots to planned batches: look, look again, cut.

Two looks because a file is taken only at rest. The sensor looks once per tick; a person who waits gets both at once.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from resources.library.ledger import Ledger
from resources.library.looking import SETTLE_S, Seen
from resources.library.scan import look_at


@dataclass
class Scan:
    """What came of one scan over all roots."""

    seen: Seen = field(default_factory=Seen)
    batches: list[str] = field(default_factory=list)

    def told(self) -> str:
        """One sentence for a log."""
        seen = self.seen
        return (
            f"{seen.new} new, {seen.changed} changed, {seen.settling} settling, {seen.unchanged} unchanged, "
            f"{seen.missing} missing, {seen.ignored} ignored, {seen.sidecars} sidecars new or changed; "
            f"{len(self.batches)} batches cut"
        )


def scan_once(ledger: Ledger, roots: Sequence[Path], state: Path, batch_size: int) -> Scan:
    """Look at every root once and cut what has settled. Raises RootUnavailable before anything is concluded."""
    looks = [look_at(root, without=state) for root in roots]
    seen = sum((ledger.observe(look) for look in looks), Seen())
    return Scan(seen, ledger.cut_batches(batch_size))


def scan_until_settled(ledger: Ledger, roots: Sequence[Path], state: Path, batch_size: int) -> Scan:
    """Look twice where something is settling; files still growing after that are left for the next scan."""
    first = scan_once(ledger, roots, state, batch_size)
    if not first.seen.settling:
        return first
    time.sleep(SETTLE_S * 1.05)  # the clock that dates the looks may be slowed down meanwhile
    second = scan_once(ledger, roots, state, batch_size)
    return Scan(first.seen, first.batches + second.batches)
