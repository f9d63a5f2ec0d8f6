"""SIGKILL at fifty random times, the same ones on every run: the end is that of an ingest which nobody disturbed.

Another number: LIVING_KILLS=500 python -m pytest -s tests/living/test_kills.py
"""

import multiprocessing
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .doubles import CORRUPT, GOOD
from .stored import end_state, work
from .works import MEMORY

KILLS = int(os.environ.get("LIVING_KILLS", "50"))
PHOTOS = 24
PATIENCE_S = 120
# No life's clock begins before the end of the one before; coming to rest takes days.
LATER_S = 100 * 86_400.0

# Processes forked from one that has imported everything (tests/conftest.py): a kill costs milliseconds, not an import.
FORKS = multiprocessing.get_context("forkserver")


@pytest.fixture
def home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="living-", dir=MEMORY))
    yield home
    shutil.rmtree(home)


@pytest.fixture
def root(home: Path) -> Path:
    """Photos with a copy of every sixth, and one that is damaged."""
    root = home / "photos"
    root.mkdir()
    for number in range(PHOTOS):
        kind = CORRUPT if number == 7 else GOOD
        path = root / f"{number:02d}.jpg"
        path.write_bytes(b"%s:%02d" % (kind, number - number // 6))
        os.utime(path, (1e9, 1e9))
    return root


def test_fifty_kills_at_random_times_leave_what_no_kill_leaves(home: Path, root: Path) -> None:
    whole_s = Worker(home / "undisturbed", root).work()
    undisturbed = end_state(home / "undisturbed")
    times, kills, lives = random.Random(50), 0, 0
    while kills < KILLS:
        lives += 1
        worker = Worker(home / f"life-{lives}", root)
        while kills < KILLS and worker.is_killed(times.uniform(0, whole_s)):
            kills += 1
        worker.work()
        assert end_state(worker.home) == undisturbed, f"after {kills} kills"
        shutil.rmtree(worker.home)  # its index sets some 250 MB aside, and fifty lives would fill a machine's memory
    print(f"\n{kills} kills in {lives} libraries; undisturbed, an ingest takes {whole_s:.2f} s")


@dataclass
class Worker:
    """Begins or goes on with one library, in a process of its own each time."""

    home: Path
    root: Path
    now: float = 1e6

    def is_killed(self, after_s: float) -> bool:
        """Work and be killed after a while; False where the work was done before."""
        process = self._start()
        process.join(after_s)
        process.kill()
        process.join()
        return process.exitcode != 0

    def work(self) -> float:
        """Work undisturbed; seconds that it took."""
        begin = time.perf_counter()
        process = self._start()
        process.join(PATIENCE_S)
        assert process.exitcode == 0
        return time.perf_counter() - begin

    def _start(self) -> multiprocessing.process.BaseProcess:
        self.now += LATER_S
        process = FORKS.Process(target=work, args=(self.home, self.root, self.now))
        process.start()
        return process
