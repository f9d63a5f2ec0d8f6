"""A kill between or within the ledger's operations: what stands afterwards is consistent, and the work goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import event

from resources.library.ledger import Ledger

from .conftest import Shelf

WORK_FOR_EVER = """
import sys
from pathlib import Path
from photo_assets.steps.files import identify_files
from resources.library.batching import Outcome
from resources.library.ledger import Ledger
from resources.library.look import look_over

root, place, now = Path(sys.argv[1]), sys.argv[2], 0.0
with Ledger(place if "://" in place else Path(place)) as ledger:
    print("ready", flush=True)
    while True:
        now += 10
        (root / f"{now % 7}.jpg").write_text(str(now))
        for _ in range(2):
            now += 10
            look_over(ledger, root, now=now)
        ledger.cut_batches(3)
        for batch in ledger.planned_batches():
            rows = identify_files(ledger, batch)
            ledger.finish_batch(batch, [Outcome(row["photo_id"], "ok") for row in rows if row["status"] == "ok"])
"""


@pytest.mark.parametrize("after_s", [0.05, 0.2, 0.5])
def test_a_kill_leaves_a_ledger_that_goes_on(tmp_path: Path, place: Path | str, after_s: float) -> None:
    root = tmp_path / "photos"
    root.mkdir()
    command = [sys.executable, "-c", WORK_FOR_EVER, str(root), str(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout.readline() == "ready\n"
        time.sleep(after_s)
        os.kill(worker.pid, signal.SIGKILL)

    with Ledger(place) as ledger:
        counts = ledger.counts()
        assert counts["files"] == counts["ok"] + counts["failed"] + counts["duplicates"] + counts["pending"]
        shelf = Shelf(root, ledger, clock=1e6)
        shelf.cut()
        for batch in ledger.planned_batches():
            shelf.run(batch)
        rested = ledger.counts()
    assert (rested["pending"], rested["files"]) == (0, len(list(root.iterdir())))
    assert rested["ok"] == len({path.read_bytes() for path in root.iterdir()})


def test_a_ledger_can_be_opened_and_read_in_the_midst_of_anothers_transaction(shelf: Shelf, place: Path | str) -> None:
    with shelf.ledger._database.begin(), Ledger(place) as other:
        assert other.planned_batches() == []


def test_a_ledger_can_be_opened_while_another_process_writes(shelf: Shelf, place: Path | str) -> None:
    shelf.put("a.jpg", b"x")
    with Ledger(place) as other:
        shelf.look()
        assert other.counts()["pending"] == 1
        shelf.look()
        (batch,) = other.cut_batches(10)

    assert shelf.ledger.planned_batches() == [batch]


def test_an_interrupted_statement_is_not_taken_for_a_ledger_that_does_not_serve(shelf: Shelf) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    event.listen(shelf.ledger._database, "before_cursor_execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        shelf.look()
