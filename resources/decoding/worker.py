"""What happens around a decode inside a worker process: set-up, clock, and the last line of defence.

What belongs here: the limits the operating system enforces on a worker, and turning errors into rows. What
does not: the decode itself (steps.py) and scheduling (pool.py). Importing this module is light; the decoding
libraries are imported inside the functions, so only workers pay for them.
"""

import os
import resource
import signal
import time
from contextlib import suppress
from dataclasses import replace

from resources.decoding.errors import DecodingError
from resources.decoding.limits import DecodingLimits
from resources.decoding.previews import PreviewStore
from resources.decoding.requests import DecodeRequest, DecodeResult, failed_result

_LIBHEIF_SWITCHES = ("LIBHEIF_SECURITY_LIMITS", "LIBHEIF_PLUGIN_PATH")
_ALARM_DELAY_S = 5.0  # after the pool's own deadline, which reports better


def set_up_worker(limits: DecodingLimits) -> None:
    """Bound what this process may take, then load the decoders; runs once, before the first photo."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a hang inside C code must still be ended at once
    set_up_environment()
    with suppress(ValueError, OSError):  # some systems know no such limit
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))

    from resources.decoding.pillow_decoder import set_up_pillow

    set_up_pillow(limits)


def set_up_environment() -> None:
    """Tell the decoding libraries, before they are loaded, what they may do."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")  # the pool is parallel over photos
    for switch in _LIBHEIF_SWITCHES:  # one turns libheif's own limits off, the other loads code from a folder
        os.environ.pop(switch, None)


def decode_photo(request: DecodeRequest, store: PreviewStore, limits: DecodingLimits) -> DecodeResult:
    """Decode one photo and store its preview and thumbnail; a failure is a row too."""
    from resources.decoding.steps import decode_and_store

    started_s = time.perf_counter()
    # Should the parent be killed, nobody is left to end a hang: then this process ends itself.
    signal.setitimer(signal.ITIMER_REAL, limits.deadline_s + _ALARM_DELAY_S)
    try:
        result = decode_and_store(request, store, limits)
    except DecodingError as error:
        result = failed_result(request.photo_id, error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return replace(result, decode_ms=(time.perf_counter() - started_s) * 1000.0)
