"""The whole library as a state machine: a photographer, a clock, and a platform that may die anywhere."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import rule

from .faults import Calls, Died, count_statements, failing_files
from .judging import judge, present_paths
from .photographer import Photographer, done, which
from .resting import come_to_rest
from .works import MEMORY, TICK_S, WALK, Kept, Works

DAY_S = 86_400.0

mortal = st.sampled_from(("tick", "run", "follow up"))


class LivingLibrary(Photographer):
    """`runs` are those under way, by batch; between their steps anything may happen."""

    def __init__(self) -> None:
        # Files on a disk, where inodes are used again.
        self.home = Path(tempfile.mkdtemp(prefix="living-"))
        super().__init__(self.home)
        self.fast = Path(tempfile.mkdtemp(prefix="living-", dir=MEMORY))
        self.calls = Calls()
        self.kept = Kept(self.fast / "ledger.sqlite")
        self.stack = ExitStack()
        self.stack.enter_context(patch("time.time", self.kept.clock))
        self.stack.enter_context(patch.object(*WALK))
        self.works = self._begin()
        self.runs: dict[str, Iterator[None]] = {}

    @rule(seconds=st.sampled_from((0.0, 0.5, TICK_S, TICK_S, 4_000.0)), stops_early=st.booleans())
    def tick(self, seconds: float, stops_early: bool) -> None:
        self.kept.now += seconds
        done["ticks"] += 1
        before = self._seen_below_roots_away()
        self.works.tick(stop_at=0.0 if stops_early else float("inf"), patience_s=120.0)
        assert before <= present_paths(self.works), "a root that is away lost photos"

    @rule(rounds=st.integers(1, 3))
    def work_on(self, rounds: int) -> None:
        for _ in range(rounds):
            self.tick(TICK_S, stops_early=False)
            for batch in self.works.opened.planned_batches():
                self._run(batch)
        self.works.follow_up()

    @rule(seconds=st.sampled_from((TICK_S, 200.0, 2 * DAY_S)))
    def work_later(self, seconds: float) -> None:
        self.kept.now += seconds
        self.work_on(2)

    @rule(which=which)
    def run_a_step(self, which: int) -> None:
        planned = self.works.opened.planned_batches()
        if planned:
            batch = planned[which % len(planned)]
            done["steps"] += 1
            if next(self.runs.setdefault(batch, self.works.run(batch)), "over") == "over":
                del self.runs[batch]

    @rule(which=which)
    def run_a_batch(self, which: int) -> None:
        planned = self.works.opened.planned_batches()
        if planned:
            self._run(planned[which % len(planned)])

    @rule()
    def follow_up(self) -> None:
        self.works.follow_up()

    @rule(seconds=st.sampled_from((-20.0, 90.0, 700.0, DAY_S, 20 * DAY_S, 31 * DAY_S)))
    def jump(self, seconds: float) -> None:
        self.kept.now += seconds

    @rule(fatal=st.integers(1, 160), after=st.booleans(), what=mortal, which=which)
    def die(self, fatal: int, after: bool, what: str, which: int) -> None:
        planned = self.works.opened.planned_batches()
        batch = planned[which % len(planned)] if planned else ""
        acts: dict[str, Callable[[], object]] = {"tick": self.works.tick, "follow up": self.works.follow_up}
        act = acts.get(what, lambda: self._run(batch) if batch else None)
        self.calls.arm(fatal, after=after)
        try:
            act()
        except Died:
            done["deaths"] += 1
            self._begin_anew()
        finally:
            self.calls.arm(None)

    @rule(fatal=st.integers(1, 30), which=which)
    def fail_a_read(self, fatal: int, which: int) -> None:
        calls = Calls()
        calls.arm(fatal)
        planned = self.works.opened.planned_batches()
        with failing_files(calls):
            if planned and which % 2:
                self._run(planned[which % len(planned)])
            else:
                self.works.tick()
        done["failed reads"] += calls.failed

    @rule(really=st.integers(0, 4))
    def rest_now_and_then(self, really: int) -> None:
        if really == 4:  # it takes as long as all else
            self.rest()

    def rest(self) -> None:
        for place in sorted(self.shelves.away):
            self.shelves.remount(place)
        come_to_rest(self.works, self._run)
        judge(self.shelves, self.works, self.ever)
        done["rests"] += 1

    def teardown(self) -> None:
        try:
            if sys.exc_info()[0] is None:  # hypothesis tears down after a failure, too
                self.rest()
            done["examples"] += 1
        finally:
            self.works.close()
            self.stack.close()
            shutil.rmtree(self.home)
            shutil.rmtree(self.fast)

    def _begin(self) -> Works:
        works = Works(self.kept, self.shelves.roots, self.home / "state", self.calls)
        count_statements(works.opened._database, self.calls)
        return works

    def _begin_anew(self) -> None:
        """All that the process had in memory is gone; every run that was under way is cut off."""
        for batch in self.runs:
            self.works.pardon(batch)
        self.runs.clear()
        self.works.close()
        self.works = self._begin()

    def _run(self, batch: str) -> None:
        done["runs"] += 1
        run = self.runs.pop(batch, None) or self.works.run(batch)
        self.runs[batch] = run
        for _ in run:
            pass
        del self.runs[batch]

    def _seen_below_roots_away(self) -> set[str]:
        away = tuple(f"{root}/" for root in self.shelves.roots if root in self.shelves.away)
        return {path for path in present_paths(self.works) if path.startswith(away)} if away else set()
