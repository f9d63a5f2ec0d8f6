"""One look at one root: the walk, portion by portion, told to the ledger; and a person's word on what it did not find.

Where the file system meets the database, and nothing else.
"""

import os
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
    anew: bool = False,
    now: float | None = None,
) -> Looked:
    """Look at `root`, up to the time `stop_at` of `time.monotonic`.

    It goes on where an earlier look had to stop, unless it is to begin `anew`. Raises RootUnavailable, and then says
    nothing of its photos. `now` replaces the clock, for tests.
    """
    path = root.absolute()
    look = ledger.begin_look(bytes(path), device_of(path), folder_of(path), anew=anew, now=now)
    seen = Seen()
    for portion in walk(path, without=without, patterns=patterns, after=look.after):
        seen += ledger.observe(look, portion, now=now)
        if portion.until is not None and time.monotonic() > stop_at:
            return Looked(seen, unfinished=True)
    concluded, held = ledger.end_look(look, now=now)
    return Looked(seen + concluded, held)


def confirm_missing(ledger: Ledger, root: Path) -> int | None:
    """Take what is missing below a held root for gone, because a person says so.

    The next complete look does it, and None is returned. No look comes to the end of a root that cannot be listed:
    there all that was below it is missing now, and how many files that is is returned. Raises NothingHeld.
    """
    if _can_be_listed(root):
        ledger.confirm_missing(bytes(root))
        return None
    return ledger.take_all_for_missing(bytes(root))


def _can_be_listed(root: Path) -> bool:
    try:
        with os.scandir(root):
            return True
    except OSError:
        return False
