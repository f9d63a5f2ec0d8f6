"""Letting everything come to rest: ticks, confirmations and runs without faults until nothing is left to do."""

from collections.abc import Callable

from .works import TICK_S, Works

MOST_ROUNDS = 80
# The longest wait for another try is a day.
LONG_S = 2 * 86_400.0


def come_to_rest(works: Works, run: Callable[[str], None]) -> None:
    """Every root must be there. `run` runs a batch from start to end."""
    for _ in range(MOST_ROUNDS):
        if _round(works, run):
            return
    raise AssertionError("it never comes to rest")


def _round(works: Works, run: Callable[[str], None]) -> bool:
    """A tick, a person who confirms, every run; True where nothing was left to do."""
    works.kept.now += TICK_S if _is_busy(works) else LONG_S
    scan = works.tick()
    assert scan is not None and not scan.unavailable
    for root in works.opened.held_roots():
        works.opened.confirm_missing(root)
    planned = works.opened.planned_batches()
    for batch in planned:
        run(batch)
    works.follow_up()
    waits = any(row["next_try_at"] is not None for row in works.opened.failures())
    return not (planned or scan.held or scan.seen.settling or waits or _is_busy(works))


def _is_busy(works: Works) -> bool:
    ledger = works.opened
    return bool(ledger.counts()["pending"] or ledger.path_changes(1) or ledger.batches_to_rewrite())
