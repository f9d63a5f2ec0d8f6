"""Two processes that do the same at the same time double nothing, and neither is refused."""

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import delete

from resources.library import database, telling
from resources.library.errors import LedgerUnavailable
from resources.library.ledger import Ledger
from resources.library.schema import files
from tests.postgres import Postgres

from .conftest import Shelf

BEGIN = """
import sys
from pathlib import Path
from resources.library.ledger import Ledger
from resources.library.look import look_over

root, place = Path(sys.argv[1]), sys.argv[2]
place = place if "://" in place else Path(place)
"""

LOOK_AND_CUT = """
with Ledger(place) as ledger:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(6):
        (root / f"{sys.argv[3]}-{number}.jpg").write_text(f"{sys.argv[3]} {number}")
        look_over(ledger, root, now=1_000.0 + 10 * number)
        ledger.cut_batches(7)
"""

OPEN = """
print("ready", flush=True)
sys.stdin.readline()
Ledger(place).close()
"""


def run_two_at_once(program: str, root: Path, place: Path | str) -> None:
    """Start the program twice, let both begin at one moment, and see both end well."""
    commands = ([sys.executable, "-c", BEGIN + program, str(root), str(place), name] for name in "ab")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for command in commands]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0]


def test_two_processes_that_look_and_cut_at_once_double_nothing(shelf: Shelf, place: Path | str) -> None:
    for number in range(100):
        shelf.put(f"{number}.jpg", b"x" * number)

    run_two_at_once(LOOK_AND_CUT, shelf.root, place)
    shelf.clock = 10_000.0
    shelf.cut()

    cut = [path for batch in shelf.ledger.planned_batches() for path in shelf.paths(batch)]
    assert len(cut) == len(set(cut)) == shelf.ledger.counts()["files"] == 112


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_two_processes_may_make_one_ledger_at_once(tmp_path: Path, request: pytest.FixtureRequest, engine: str) -> None:
    place: Path | str = tmp_path / "ledger.sqlite"
    if engine == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        place = postgres.url(postgres.new_schema())
    run_two_at_once(OPEN, tmp_path, place)

    with Ledger(place) as ledger:
        assert ledger.planned_batches() == []


def test_a_new_ledger_waits_for_another_process_that_is_making_it(tmp_path: Path) -> None:
    place = tmp_path / "ledger.sqlite"
    other = sqlite3.connect(place, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.3, other.execute, ("COMMIT",))
    ending.start()

    with Ledger(place) as ledger:
        assert not ending.is_alive()
        assert ledger.planned_batches() == []
    other.close()


def test_a_reader_waits_for_no_writer_and_sees_nothing_of_it_before_its_end(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.look()

    with shelf.ledger._database.begin() as connection:
        connection.execute(delete(files))
        assert shelf.ledger.counts()["files"] == 1

    assert shelf.ledger.counts()["files"] == 0


def test_what_is_read_in_one_transaction_is_of_one_moment(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.look()

    with shelf.ledger._reading.begin() as connection:
        before = telling.counts(connection)
        shelf.put("b.jpg", b"xx")
        shelf.look()
        assert telling.counts(connection) == before

    assert shelf.ledger.counts()["files"] == before["files"] + 1


def test_a_writer_that_never_ends_is_told_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_S", 1)
    with (
        Ledger(tmp_path / "ledger.sqlite") as ledger,
        ledger._database.begin(),
        pytest.raises(LedgerUnavailable) as raised,
    ):
        ledger.cut_batches(10)
    assert raised.value.retryable
