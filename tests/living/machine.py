"""The whole library as a state machine: a photographer, a clock, and a platform that may die anywhere."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import dagster as dg
from hypothesis import strategies as st
from hypothesis.stateful import rule

from photo_assets.at_work import PARTITION
from photo_assets.jobs import ingest_batch
from resources.library.ledger import Ledger
from sensors.new_photos import LOOKING_S

from .faults import Calls, Died, count_statements, failing_files
from .judging import judge, present_paths
from .photographer import Photographer, done, which
from .resting import come_to_rest
from .works import MEMORY, TICK_S, WALK, Kept, Works

DAY_S = 86_400.0

mortal = st.sampled_from(("tick", "run", "follow"))


class LivingLibrary(Photographer):
    """`runs` are those under way, by their ids; between their steps anything may happen."""

    def __init__(self) -> None:
        # Files on a disk, where inodes are used again.
        self.home = Path(tempfile.mkdtemp(prefix="living-"))
        super().__init__(self.home)
        self.fast = Path(tempfile.mkdtemp(prefix="living-", dir=MEMORY))
        self.calls = Calls()
        self.kept = Kept(self.fast / "ledger.sqlite")
        self.stack = ExitStack()
        self.stack.enter_context(self.kept.clock())
        self.stack.enter_context(patch.object(*WALK))
        self.works = self._begin()
        self.runs: dict[str, Iterator[None]] = {}

    @rule(seconds=st.sampled_from((0.0, 0.5, TICK_S, TICK_S, 4_000.0)), stops_early=st.booleans())
    def tick(self, seconds: float, stops_early: bool) -> None:
        self.kept.now += seconds
        done["ticks"] += 1
        before = self._seen_below_roots_away()
        self.works.tick(looking_s=-1.0 if stops_early else LOOKING_S)
        assert before <= present_paths(self.works), "a root that is away lost photos"

    @rule(rounds=st.integers(1, 3))
    def work_on(self, rounds: int) -> None:
        for _ in range(rounds):
            self.tick(TICK_S, stops_early=False)
            for run in self.works.asked.unended():
                self._run(run)
        self.works.follow()

    @rule(seconds=st.sampled_from((TICK_S, 200.0, 2 * DAY_S)))
    def work_later(self, seconds: float) -> None:
        self.kept.now += seconds
        self.work_on(2)

    @rule(which=which)
    def run_a_step(self, which: int) -> None:
        if run := _one(self.works.asked.unended(), which):
            done["steps"] += 1
            if next(self.runs.setdefault(run.run_id, self.works.do(run)), "over") == "over":
                del self.runs[run.run_id]

    @rule(which=which)
    def run_to_the_end(self, which: int) -> None:
        if run := _one(self.works.asked.unended(), which):
            self._run(run)

    @rule()
    def follow(self) -> None:
        self.works.follow()
        points = (point.point_id for version in self.kept.index.versions() for point in self.kept.index.scroll(version))
        assert not self.works.opened.pointless(points), "a photo that failed or was given up has a point"

    @rule()
    def ask_for_what_failed(self) -> None:
        self.works.ask_again()

    @rule(seconds=st.sampled_from((-20.0, 90.0, 700.0, DAY_S, 20 * DAY_S, 31 * DAY_S)))
    def jump(self, seconds: float) -> None:
        self.kept.now += seconds

    @rule(fatal=st.integers(1, 80), after=st.booleans(), what=mortal, which=which)
    def die(self, fatal: int, after: bool, what: str, which: int) -> None:
        run = _one(self.works.asked.unended(), which)
        acts: dict[str, Callable[[], object]] = {"tick": self.works.tick, "follow": self.works.follow}
        self.calls.arm(fatal, after=after)
        try:
            self._survive(acts.get(what, lambda: self._run(run) if run else None))
        finally:
            self.calls.arm(None)

    @rule(fatal=st.integers(1, 12), which=which)
    def die_with_all_points_written_and_fail_when_done_again(self, fatal: int, which: int) -> None:
        if run := _one(self.works.asked.unended(ingest_batch.name), which):
            with patch.object(Ledger, "finish_batch", side_effect=Died):
                self._survive(lambda: self._run(run))
            self.works.asked.ask_by_hand([run.tags[PARTITION]])
            self._run_with_a_failing_read(self.works.asked.unended()[-1], fatal)
            self.follow()

    @rule(fatal=st.integers(1, 30), which=which)
    def fail_a_read(self, fatal: int, which: int) -> None:
        self._run_with_a_failing_read(_one(self.works.asked.unended(), which) if which % 2 else None, fatal)

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

    def _survive(self, act: Callable[[], object]) -> None:
        """Should it die, all that the process had in memory is gone, and every run that was under way is cut off."""
        try:
            act()
        except Died:
            done["deaths"] += 1
            for run in self.works.asked.end_started():
                self.works.pardon(run.tags.get(PARTITION, ""))
            self.runs.clear()
            self.works.close()
            self.works = self._begin()

    def _run(self, run: dg.DagsterRun) -> None:
        done["runs"] += 1
        for _ in self.runs.setdefault(run.run_id, self.works.do(run)):
            pass
        del self.runs[run.run_id]

    def _run_with_a_failing_read(self, run: dg.DagsterRun | None, fatal: int) -> None:
        """A tick where there is no run."""
        calls = Calls()
        calls.arm(fatal)
        with failing_files(calls):
            self._run(run) if run else self.works.tick()
        done["failed reads"] += calls.failed

    def _seen_below_roots_away(self) -> set[str]:
        away = tuple(f"{root}/" for root in self.shelves.roots if root in self.shelves.away)
        return {path for path in present_paths(self.works) if path.startswith(away)} if away else set()


def _one(runs: Sequence[dg.DagsterRun], which: int) -> dg.DagsterRun | None:
    return runs[which % len(runs)] if runs else None
