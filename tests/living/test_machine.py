"""Anything in any order: hypothesis thinks of it, and once all is at rest the library must be exactly what the disk is.

The profile is small and the same on every run. More of it, and another path each time:
LIVING_EXAMPLES=2000 python -m pytest -s tests/living/test_machine.py
"""

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from .doubles import CORRUPT, GOOD, MUTE, SLOW
from .faults import Calls, Died, count_statements, failing_files
from .judging import judge
from .resting import come_to_rest
from .shelves import FOLDERS, Shelves
from .works import MEMORY, TICK_S, WALK, Kept, Works

EXAMPLES = int(os.environ.get("LIVING_EXAMPLES", "0"))
STEPS = 40
# Making a failure small takes minutes.
PHASES = [Phase.generate] + [Phase.shrink] * ("LIVING_SHRINK" in os.environ)
DAY_S = 86_400.0

which = st.integers(0, 11)
places = st.tuples(st.integers(0, 1), st.sampled_from(FOLDERS), st.integers(0, 3))
kinds = st.sampled_from((GOOD, GOOD, GOOD, MUTE, SLOW, CORRUPT))
contents = st.builds(lambda kind, number: b"%s:%02d" % (kind, number), kinds, which)
mortal = st.sampled_from(("tick", "run", "follow up"))

done: Counter[str] = Counter()
"""What all examples did, for the line at the end."""


class LivingLibrary(RuleBasedStateMachine):
    """A library with two roots, a photographer, and a platform that may die anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="living-"))
        self.fast = Path(tempfile.mkdtemp(prefix="living-", dir=MEMORY))
        self.calls = Calls()
        self.kept = Kept(self.fast / "ledger.sqlite")
        self.stack = ExitStack()
        self.stack.enter_context(patch("time.time", self.kept.clock))
        self.stack.enter_context(patch.object(*WALK))
        self.shelves = Shelves.below(self.home)
        self.works = self._begin()
        self.ever: set[bytes] = set()
        self.runs: dict[str, Iterator[None]] = {}

    @initialize(contents=st.lists(contents, min_size=4, max_size=10))
    def begin_with(self, contents: list[bytes]) -> None:
        for number, content in enumerate(contents):
            self._write(self.shelves.roots[number % 2] / FOLDERS[number % 4] / f"{number % 5}.jpg", content)

    # What a photographer does.

    @rule(place=places, content=contents)
    def write(self, place: tuple[int, str, int], content: bytes) -> None:
        self._write(self._path(place), content)

    @rule(which=which, number=which)
    def write_over_in_the_same_size(self, which: int, number: int) -> None:
        if path := self._file(which):
            self._write(path, path.read_bytes()[:-2] + b"%02d" % number)

    @rule(which=which)
    def grow(self, which: int) -> None:
        if path := self._file(which):
            self._do(path, lambda: self.shelves.grow(path))
            self.ever.add(path.read_bytes())

    @rule(which=which)
    def touch(self, which: int) -> None:
        if path := self._file(which):
            self._do(path, lambda: self.shelves.touch(path))

    @rule(which=which, place=places, with_times=st.booleans())
    def copy(self, which: int, place: tuple[int, str, int], with_times: bool) -> None:
        if path := self._file(which):
            target = self._path(place)
            self._do(target, lambda: self.shelves.copy(path, target, with_times=with_times))

    @rule(which=which, place=places)
    def move(self, which: int, place: tuple[int, str, int]) -> None:
        if path := self._file(which):
            target = self._path(place)
            self._do(target, lambda: self.shelves.move(path, target))

    @rule(source=places, onto=places)
    def move_a_folder(self, source: tuple[int, str, int], onto: tuple[int, str, int]) -> None:
        folder, place = self._path(source).parent, self._path(onto).parent / f"moved-{onto[2]}"
        if folder not in self.shelves.roots and not any(gone.is_relative_to(folder) for gone in self.shelves.away):
            self._do(place, lambda: self.shelves.move_folder(folder, place))

    @rule(which=which)
    def delete(self, which: int) -> None:
        if path := self._file(which):
            self._do(path, lambda: self.shelves.delete(path))

    @rule(place=places, whole_root=st.booleans(), leaves_folder=st.booleans())
    def unmount(self, place: tuple[int, str, int], whole_root: bool, leaves_folder: bool) -> None:
        folder = self.shelves.roots[place[0]] if whole_root else self._path(place).parent
        self.shelves.unmount(folder, leaves_folder=leaves_folder)

    @precondition(lambda self: self.shelves.away)
    @rule(which=which)
    def remount(self, which: int) -> None:
        places = sorted(self.shelves.away)
        self.shelves.remount(places[which % len(places)])

    # What the platform does.

    @rule(seconds=st.sampled_from((0.0, 0.5, TICK_S, TICK_S, 4_000.0)), stops_early=st.booleans())
    def tick(self, seconds: float, stops_early: bool) -> None:
        self.kept.now += seconds
        done["ticks"] += 1
        before = self._seen_below_roots_away()
        self.works.tick(stop_at=0.0 if stops_early else float("inf"), patience_s=120.0)
        assert before <= self._present(), "a root that is away lost photos"

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

    # What must hold.

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

    def _path(self, place: tuple[int, str, int]) -> Path:
        root, folder, name = place
        return self.shelves.roots[root] / folder / f"{name}.jpg"

    def _file(self, which: int) -> Path | None:
        files = self.shelves.files()
        return files[which % len(files)] if files else None

    def _write(self, path: Path, content: bytes) -> None:
        self._do(path, lambda: self.shelves.write(path, content))
        self.ever.add(content)

    def _do(self, target: Path, act: Callable[[], None]) -> None:
        """Change the files, unless the change would be made where a disk is away."""
        if not self.shelves.is_away(target):
            done["changes"] += 1
            act()

    def _present(self) -> set[str]:
        return present_paths(self.works)

    def _seen_below_roots_away(self) -> set[str]:
        away = tuple(f"{root}/" for root in self.shelves.roots if root in self.shelves.away)
        return {path for path in self._present() if path.startswith(away)} if away else set()


def present_paths(works: Works) -> set[str]:
    """The paths that the ledger takes for present."""
    from sqlalchemy import select

    from resources.library.schema import files

    with works.opened._reading.begin() as connection:
        return set(connection.scalars(select(files.c.display).where(files.c.present)))


def test_whatever_happens_every_photo_is_known_once_and_done_once() -> None:
    profile = settings(
        max_examples=EXAMPLES or 30,
        stateful_step_count=STEPS,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        print_blob=True,
        phases=PHASES,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(LivingLibrary, settings=profile)
    print("\nliving library:", ", ".join(f"{number:,} {name}" for name, number in sorted(done.items())))
