"""Letting everything come to rest: ticks, confirmations and runs without faults until nothing is left to do.

Nothing is done but what the sensor asks for, and what a schedule does for it: runs that failed, and the collection
after batches.
"""

from collections.abc import Callable

import dagster as dg

from .works import TICK_S, Works

MOST_ROUNDS = 80
# The longest wait for another try is a day.
LONG_S = 2 * 86_400.0


def come_to_rest(works: Works, run: Callable[[dg.DagsterRun], None]) -> None:
    """Every root must be there. `run` does a run from start to end."""
    wait_s = TICK_S
    for _ in range(MOST_ROUNDS):
        works.kept.now += wait_s
        was_busy = _round(works, run)
        if wait_s == LONG_S and not was_busy:
            return
        wait_s = TICK_S if was_busy else LONG_S
    raise AssertionError("it never comes to rest")


def _round(works: Works, run: Callable[[dg.DagsterRun], None]) -> bool:
    """A tick, a person who confirms, every run; whether there was anything to do."""
    works.tick()
    held = works.opened.held_roots()
    for root in held:
        works.opened.confirm_missing(root)
    works.ask_again()
    asked = works.asked.unended()
    for each in asked:
        run(each)
    if asked:
        works.follow()
    return bool(asked or held)
