"""One step of a library's life, measured in the process that a benchmark starts for it: prints its sample as JSON.

Imports, opening the ledger and what makes a step ready are outside the timer.
"""

import json
import os
import resource
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg

from photo_assets.definitions import build_resources
from photo_assets.settings import load_settings
from resources.library.ledger import Ledger
from resources.library.look import look_over
from resources.library.looking import SETTLE_S
from sensors.new_photos import MAX_PLANNED, new_photos

PIECE_S = 2.0
LEDGER = "ledger.sqlite"


def first_look(tree: Path, ledger: Ledger, data: Path) -> dict[str, Any]:
    """Every file is new."""
    return {"new": look_over(ledger, tree).seen.new}


def settling_look(tree: Path, ledger: Ledger, data: Path) -> dict[str, Any]:
    """Every file is found at rest."""
    return {"settling": look_over(ledger, tree).seen.settling}


def cutting(tree: Path, ledger: Ledger, data: Path) -> dict[str, Any]:
    """As many batches as a tick cuts at most, out of all that is settled."""
    return {"batches": len(ledger.cut_batches(256, MAX_PLANNED))}


def tick(tree: Path, ledger: Ledger, data: Path) -> dict[str, Any]:
    """The sensor, as its daemon calls it, when every photo has been done and nothing has changed."""
    resources = {name: build_resources(load_settings())[name] for name in ("library", "decoding")}
    with dg.DagsterInstance.ephemeral() as instance:
        result = new_photos(dg.build_sensor_context(instance=instance, resources=resources))
    return {"told": str(result.skip_message) if isinstance(result, dg.SkipReason) else "asks for runs"}


def look_in_pieces(tree: Path, ledger: Ledger, data: Path) -> dict[str, Any]:
    """A look with nothing new that has to stop every PIECE_S seconds."""
    pieces = 1
    while look_over(ledger, tree, stop_at=time.monotonic() + PIECE_S).unfinished:
        pieces += 1
    return {"pieces": pieces}


STEPS: dict[str, Callable[[Path, Ledger, Path], dict[str, Any]]] = {
    "first look": first_look,
    "settling look": settling_look,
    f"cutting {MAX_PLANNED} batches": cutting,
    "tick with nothing new": tick,
    f"the same look in pieces of {PIECE_S:.0f} s": look_in_pieces,
}


def main(step: str, tree: Path, data: Path) -> None:
    """Do the step and print what it took."""
    os.environ |= {"PHOTO_DATA": str(data), "PHOTO_LIBRARY": str(tree), "DAGSTER_HOME": ""}
    with Ledger(data / LEDGER) as ledger:
        if STEPS[step] is tick:
            _do_all(data / LEDGER)
        time.sleep(SETTLE_S * 1.05)  # so that what the step before saw is at rest
        wall, cpu = time.perf_counter(), time.process_time()
        found = STEPS[step](tree, ledger, data)
        took = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(json.dumps({name: round(seconds, 3) for name, seconds in took.items()} | {"peak_mb": round(peak_mb)} | found))


def _do_all(ledger: Path) -> None:
    """As if every photo had been done, which would take hours."""
    with sqlite3.connect(ledger) as connection:
        connection.execute("UPDATE files SET state = 'done'")
        connection.execute("UPDATE batches SET state = 'done'")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
