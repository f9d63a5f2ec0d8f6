"""Two folders that change places in one step, which Python has no call for.

What belongs here: the one call of the system. On a system or a file system without it the caller renames twice.
"""

import ctypes
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders of one file system, so that both names always lead to one; False where that cannot be."""
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError):  # no Linux, or one of before 2018
        return False
    answer: int = rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return answer == 0
