"""One look at one root: the walk, portion by portion, told to the ledger.

Where the file system meets the database, and nothing else.
"""

import time
from dataclasses import dataclass
from pathlib import Path

from resources.library.ledger import Ledger
from resources.library.looking import Seen
from resources.library.patterns import EVERYTHING, Patterns
from resources.library.scan import device_of, folder_of, walk


@dataclass
class Looked:
    """What a look saw; `held` says why nothing was taken for missing, `unfinished` that time was up before its end."""

    seen: Seen
    held: str | None = None
    unfinished: bool = False


def look_over(
    ledger: Ledger,
    root: Path,
    *,
    without: Path | None = None,
    patterns: Patterns = EVERYTHING,
    stop_at: float = float("inf"),
    now: float | None = None,
) -> Looked:
    """Look at `root`, up to the time `stop_at` of `time.monotonic`; a later look goes on from there.

    Raises RootUnavailable, and then says nothing of its photos. `now` replaces the clock, for tests.
    """
    path = root.absolute()
    look = ledger.begin_look(bytes(path), device_of(path), folder_of(path), now=now)
    seen = Seen()
    for portion in walk(path, without=without, patterns=patterns, after=look.after):
        seen += ledger.observe(look, portion, now=now)
        if portion.until is not None and time.monotonic() > stop_at:
            return Looked(seen, unfinished=True)
    concluded, held = ledger.end_look(look, now=now)
    return Looked(seen + concluded, held)
