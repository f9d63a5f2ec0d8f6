"""One story of a small library, told again and again; each time other calls fail, and the end is always the same.

Each call into a room, each statement of a transaction and each look at the file system fails in one of the stories. In
CI a story has many faults; with one fault each, which takes ten minutes:
LIVING_SINGLE=1 python -m pytest -s tests/living/test_failing_calls.py
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import pytest

from photo_assets.at_work import PARTITION

from .doubles import CORRUPT, GOOD, MUTE, SLOW
from .faults import Calls, Died, count_statements, failing_files
from .judging import judge
from .resting import come_to_rest
from .shelves import Shelves
from .works import GRACE_S, MEMORY, TICK_S, WALK, Kept, Works

# So many calls after a fault the next one comes, and so many stories are told.
EVERY: dict[str, int | None] = {"rooms": 11, "statements": 36, "files": 13}
if "LIVING_SINGLE" in os.environ:
    EVERY = dict.fromkeys(EVERY)


@dataclass
class Story:
    """What happens to one library, whose platform's calls are counted; a platform that died begins anew at once."""

    home: Path
    calls: Calls
    statements: bool = False
    deaths: int = 0
    works: Works = field(init=False)

    def __post_init__(self) -> None:
        self.shelves = Shelves.below(self.home / "photos", ("one",))
        self.kept = Kept(self.home / "ledger.sqlite")
        self.ever: set[bytes] = set()
        self._begin()

    def tell(self) -> None:
        """Add, copy, move, overwrite, delete, and put back after the grace."""
        (root,) = self.shelves.roots
        for number, kind in enumerate((GOOD, MUTE, SLOW, CORRUPT, GOOD, GOOD, GOOD, GOOD)):
            self._write(root / "a" / f"{number}.jpg", b"%s:%02d" % (kind, number))
        self._live()
        # Of the last batch, which nothing else has written again: a change that was lost stays lost.
        self.shelves.copy(root / "a" / "6.jpg", root / "b" / "copy.jpg", with_times=True)
        self.shelves.move(root / "a" / "7.jpg", root / "c" / "7.jpg")
        self._write(root / "a" / "4.jpg", b"good:44")
        self._live()
        kept = (root / "a" / "5.jpg").read_bytes()
        self.shelves.delete(root / "a" / "5.jpg")
        self._live()
        self.kept.now += GRACE_S
        self._live()
        self._write(root / "back.jpg", kept)
        self._live()

    def end(self) -> dict[str, Any]:
        """Come to rest without faults, and once more after the grace; everything that a later reader sees."""
        self.calls.fatal = None
        come_to_rest(self.works, self._run)
        self.kept.now += GRACE_S
        come_to_rest(self.works, self._run)
        judge(self.shelves, self.works, self.ever)
        points = {point.point_id: point.payload for point in self.kept.index.scroll(self.works.version)}
        failures = [(row["path"], row["error_kind"]) for row in self.works.opened.failures()]
        told = {"counts": self._lasting_counts(), "points": points, "failures": failures}
        return _without(told, str(self.home))

    def close(self) -> None:
        """Let go of the ledger."""
        self.works.close()

    def _lasting_counts(self) -> dict[str, int]:
        """Without what is known of the past: a photo that was gone before it was read is no photo that was removed."""
        past = ("missing", "offline", "removed")
        return {name: number for name, number in self.works.opened.counts().items() if name not in past}

    def _live(self) -> None:
        """Two ticks, what they cut, and the collection as a whole."""
        for _ in range(2):
            self.kept.now += TICK_S
            self._survive(self.works.tick)
            self._survive(lambda: self.works.ask_again())
            for run in self.works.asked.unended():
                self._survive(lambda run=run: self._run(run))  # type: ignore[misc]
        self._survive(lambda: self.works.follow())

    def _survive(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Died:
            self.deaths += 1
            for run in self.works.asked.end_started():
                self.works.pardon(run.tags.get(PARTITION, ""))
            self.works.close()
            self._begin()

    def _run(self, run: dg.DagsterRun) -> None:
        for _ in self.works.do(run):
            pass

    def _begin(self) -> None:
        self.works = Works(self.kept, self.shelves.roots, self.home / "state", self.calls)
        if self.statements:
            count_statements(self.works.opened._database, self.calls)

    def _write(self, path: Path, content: bytes) -> None:
        self.shelves.write(path, content, dated_s=1e9)  # a photo without tags is dated by its file
        self.ever.add(content)


def _without(told: Any, home: str) -> Any:
    """What was told, with paths that do not say where the library lies."""
    if isinstance(told, dict):
        return {name: _without(value, home) for name, value in told.items()}
    if isinstance(told, (list, tuple)):
        return [_without(value, home) for value in told]
    return told.removeprefix(home) if isinstance(told, str) else told


@contextmanager
def story(fatal: int | None, where: str) -> Iterator[tuple[Story, Calls]]:
    """A story in which the calls from `fatal` on fail: those into rooms, statements, or looks at the file system."""
    home = Path(tempfile.mkdtemp(prefix="living-", dir=MEMORY))
    calls, unarmed = Calls(), Calls()
    calls.arm(fatal, every=EVERY[where])
    told = Story(home, unarmed if where == "files" else calls, statements=where == "statements")
    files = failing_files(calls) if where == "files" else nullcontext()
    with told.kept.clock(), patch.object(*WALK):
        with files:
            told.tell()
        try:
            yield told, calls
        finally:
            told.close()
            shutil.rmtree(home)


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    with story(None, "rooms") as (told, calls):
        assert calls.made > 200 and not told.deaths
        return told.end()


@pytest.mark.parametrize("where", ["rooms", "statements", "files"])
def test_whichever_call_fails_the_end_is_the_same(undisturbed: dict[str, Any], where: str) -> None:
    failed = 0
    every = EVERY[where]
    for fatal in count(1) if every is None else range(1, every + 1):
        with story(fatal, where) as (told, calls):
            if calls.failed == 0:
                break
            failed += calls.failed
            assert told.end() == undisturbed, f"{where}: call {fatal} failed"
    print(f"\n{where}: {failed:,} calls failed, in {fatal} stories")
    assert failed > 200
