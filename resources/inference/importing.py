"""Importing what is large: torch and transformers make a million objects that stay as long as the process.

What belongs here: how they are imported. What does not: which of them (the modules that need them say so themselves).
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Import torch without looking for garbage meanwhile, and never look at what is there by then again.

    A process that imports it and transformers starts and ends in 3.0 s instead of 4.4. Later imports are left as they
    are: by then there is garbage, which would never be collected.
    """
    if "torch" in sys.modules:
        yield
        return
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_on:
            gc.enable()
