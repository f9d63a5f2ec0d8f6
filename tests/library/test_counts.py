"""Whatever happens to a library, its files are ok, failed, duplicates or pending, and none is forgotten."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resources.library.ledger import Ledger

from .conftest import Row, Shelf

NAMES = st.sampled_from(["a.jpg", "b.jpg", "c/d.jpg", "e.png"])
CONTENTS = st.sampled_from([b"1", b"22", b"333"])
KINDS = st.sampled_from([None, None, "corrupt", "unreadable"])
WHICH = st.integers(0, 3)

OPERATIONS = st.one_of(
    st.tuples(st.just("put"), NAMES, CONTENTS),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("move"), NAMES, NAMES),
    st.tuples(st.just("look")),
    st.tuples(st.just("take"), st.integers(1, 3)),
    st.tuples(st.just("identify"), WHICH),
    st.tuples(st.just("finish"), WHICH, KINDS),
)


class Library:
    """Does the operations that hypothesis thinks of, and remembers what a run would: its rows."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.rows: dict[str, list[Row]] = {}

    def do(self, name: str, *arguments: Any) -> None:
        getattr(self, name)(*arguments)

    def put(self, name: str, content: bytes) -> None:
        self.shelf.put(name, content)

    def delete(self, name: str) -> None:
        (self.shelf.root / name).unlink(missing_ok=True)

    def move(self, name: str, to: str) -> None:
        if (self.shelf.root / name).exists():
            (self.shelf.root / to).parent.mkdir(exist_ok=True)
            (self.shelf.root / name).rename(self.shelf.root / to)

    def look(self) -> None:
        self.shelf.look()

    def take(self, size: int) -> None:
        self.shelf.cut(size)

    def identify(self, which: int) -> None:
        planned = self.shelf.ledger.planned_batches()
        if planned:
            batch = planned[which % len(planned)]
            self.rows[batch] = self.shelf.identify(batch)

    def finish(self, which: int, kind: str | None) -> None:
        """End a run; a batch that is done already is run again."""
        if self.rows:
            batch = sorted(self.rows)[which % len(self.rows)]
            rows = self.rows[batch]
            brought = [str(row["photo_id"]) for row in rows if row["status"] == "ok"]
            self.shelf.finish(batch, rows, dict.fromkeys(brought[:1], kind) if kind else None)

    def come_to_rest(self) -> None:
        """What a sensor does when nothing else happens any more."""
        for _ in range(4):
            self.shelf.cut()
            for batch in self.shelf.ledger.planned_batches():
                self.shelf.run(batch)

    def check(self) -> None:
        counts = self.shelf.ledger.counts()
        assert min(counts.values()) >= 0
        assert counts["files"] == counts["ok"] + counts["failed"] + counts["duplicates"] + counts["pending"]
        assert counts["photos"] == counts["ok"]
        assert counts["failed"] == len(self.shelf.ledger.failures())
        assert counts["batches_planned"] == len(self.shelf.ledger.planned_batches())


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
@given(operations=st.lists(OPERATIONS, min_size=5, max_size=30))
def test_no_file_is_ever_forgotten(
    empty_place: Callable[[], AbstractContextManager[Path | str]], operations: list[tuple[Any, ...]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "photos"
        root.mkdir()
        with empty_place() as place, Ledger(place) as ledger:
            library = Library(Shelf(root, ledger))
            for operation in operations:
                library.do(*operation)
                library.check()
            library.come_to_rest()
            library.check()
            at_rest = ledger.counts()
        on_disk = [path.read_bytes() for path in root.rglob("*.*")]

    assert at_rest["pending"] == 0
    assert at_rest["files"] == len(on_disk)
    assert at_rest["failed"] or at_rest["ok"] == len(set(on_disk))


def test_failures_name_the_file_the_reason_and_the_batch(shelf: Shelf) -> None:
    shelf.put("a.jpg", b"x")
    shelf.put("bad.jpg", b"xx")
    shelf.put("copy of bad.jpg", b"xx")
    shelf.put("gone.jpg", b"xxx")
    batch = shelf.cut_one()
    (shelf.root / "gone.jpg").unlink()
    rows = shelf.identify(batch)
    shelf.finish(batch, rows, {str(rows[1]["photo_id"]): "corrupt"})

    bad, copy, gone = shelf.ledger.failures()

    assert bad == {
        "path": str(shelf.root / "bad.jpg"),
        "error_kind": "corrupt",
        "error_message": "it is corrupt",
        "attempts": 1,
        "next_try_at": None,
        "batch": batch,
        "next_try": "when the file or the decoder changes",
    }
    assert copy == bad | {"path": str(shelf.root / "copy of bad.jpg")}
    assert (gone["error_kind"], gone["attempts"], gone["next_try_at"]) == ("vanished", 1, "1970-01-01T00:18:00+00:00")
    assert datetime.strptime(gone["next_try"], "%Y-%m-%d %H:%M").timestamp() == 1080  # as the clock on the wall says
    assert shelf.ledger.counts()["failed"] == 3


def test_the_photos_of_missing_files_are_still_the_collections(shelf: Shelf) -> None:
    path = shelf.put("a.jpg", b"x")
    (row,) = shelf.run(shelf.cut_one())
    path.unlink()
    shelf.look()

    assert shelf.ledger.ok_photo_ids() == {row["photo_id"]}
    assert shelf.ledger.counts()["photos"] == 0
