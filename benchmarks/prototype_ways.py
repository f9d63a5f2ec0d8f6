"""The prototype's way and its ladder: each rung is the one before and one step more. No heavy import here.

What belongs here: which steps there are, in the order in which the prototype's plan named them, and what they set.
What does not: doing it (prototype_once.py, prototype_service.py).
"""

from dataclasses import dataclass, replace

OURS = "ours: photos ingest"


@dataclass(frozen=True)
class Way:
    """How photos are taken to points; the first rung does everything by itself and one thing at a time.

    `request` photos go to the service at once, which captions `at_once` of them together. `half`: the models in the
    number format that the device does best. `raw_outside`: RAW files are decoded before, to a JPEG with a short side of
    512, and not by the service through a temporary file. `bulk`: one upsert per request and not per photo. `parallel`:
    files are read and decoded ahead in threads, one per core.
    """

    title: str
    half: bool = False
    request: int = 1
    at_once: int = 1
    raw_outside: bool = False
    bulk: bool = False
    parallel: bool = False


PROTOTYPE = Way("the prototype")

_STEPS: dict[str, dict[str, object]] = {
    "+ half precision": {"half": True},
    "+ batched captions": {"request": 8, "at_once": 8},
    "+ dynamic batches": {"request": 32, "at_once": 32},
    "+ RAW decoded outside": {"raw_outside": True},
    "+ bulk upsert": {"bulk": True},
    "+ parallel I/O": {"parallel": True},
    "+ aggregated batches": {"request": 256},
}


def ladder() -> list[Way]:
    """Every rung, from the prototype up."""
    rungs = [PROTOTYPE]
    for title, step in _STEPS.items():
        rungs.append(replace(rungs[-1], title=title, **step))  # type: ignore[arg-type]
    return rungs


def rung(title: str) -> Way:
    """The rung of this title."""
    return next(way for way in ladder() if way.title == title)
