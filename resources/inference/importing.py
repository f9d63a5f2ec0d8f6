"""Importing what is large: torch and transformers make a million objects that stay as long as the process.

What belongs here: how they are imported. What does not: which of them (the modules that need them say so themselves).
"""

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def torch_imported() -> Iterator[None]:
    """Import torch below this, the first time without looking for garbage, which is then never looked for there again.

    A process that imports it and transformers starts and ends in 3.0 s instead of 4.4. Its threads sleep where they
    wait for each other: they would spin, and take the cores from the workers that decode. Later imports are left as
    they are: by then there is garbage, which would never be collected.
    """
    if "torch" in sys.modules:
        yield
        return
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # OpenMP reads it once, as it is loaded
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_on:
            gc.enable()
