"""Tables on disk: whole or not at all, whoever is killed, and a remedy for what cannot be read."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from photo_assets.tables import SCHEMAS
from resources.tables import store as store_module
from resources.tables.frames import TableError, frame_of, rows_of
from resources.tables.store import STRAY_AFTER_S, TableStore

from .samples import SMALL, full_row, required_row

BATCH = "20260101T000000-00000-abcdef"


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    return TableStore(tmp_path / "tables")


@pytest.mark.parametrize("table", SCHEMAS)
@pytest.mark.parametrize("count", [0, 1, 50])
def test_what_is_written_comes_back(store: TableStore, table: str, count: int) -> None:
    schema = SCHEMAS[table]
    rows = [full_row(schema, number) if number % 3 else required_row(schema) for number in range(count)]

    path = store.write(table, BATCH, frame_of(rows, schema), schema)

    assert path == store.path(table, BATCH)
    assert rows_of(store.read(table, BATCH, schema)) == rows
    assert list(store.batches(table)) == [BATCH]


def test_what_is_read_can_be_written_again(store: TableStore) -> None:
    schema = SCHEMAS["image_embeddings"]
    rows = [full_row(schema, 1), required_row(schema)]
    store.write("image_embeddings", BATCH, frame_of(rows, schema), schema)

    store.write("image_embeddings", "again", store.read("image_embeddings", BATCH, schema), schema)

    assert rows_of(store.read("image_embeddings", "again", schema)) == rows


def test_writing_again_replaces(store: TableStore) -> None:
    write(store, "first")
    write(store, "second", "third")

    assert names(store) == ["second", "third"]


def test_a_frame_that_does_not_fit_leaves_the_old_table(store: TableStore) -> None:
    write(store, "old")

    with pytest.raises(TableError, match="column name"):
        store.write("small", BATCH, frame_of([{}], SMALL), SMALL)

    assert names(store) == ["old"]
    assert files_beside(store) == [f"{BATCH}.parquet"]


def test_a_full_disk_leaves_the_old_table_and_nothing_else(store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
    write(store, "old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_module.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        write(store, "new")

    assert names(store) == ["old"]
    assert files_beside(store) == [f"{BATCH}.parquet"]


def test_a_table_never_made_says_what_to_materialize(store: TableStore) -> None:
    with pytest.raises(TableError, match=f"small of batch {BATCH} does not exist; materialize it first"):
        store.read("small", BATCH, SMALL)
    assert list(store.batches("small")) == []


def test_batches_are_listed_oldest_first_and_without_unfinished_files(store: TableStore) -> None:
    for batch in ("20260102T000000-00000-aaaaaa", "20251231T000000-00001-bbbbbb", "20260101T000000-00000-cccccc"):
        store.write("small", batch, frame_of([], SMALL), SMALL)
    (store.path("small", "x").parent / "20260103T000000-00000-dddddd.1.tmp").write_bytes(b"")

    assert [batch[:8] for batch in store.batches("small")] == ["20251231", "20260101", "20260102"]


def test_a_table_of_another_schema_is_refused(store: TableStore) -> None:
    write(store, "a")

    with pytest.raises(TableError, match="columns are"):
        store.read("small", BATCH, SMALL[:-1])


def test_a_table_of_an_earlier_version_has_the_newer_optional_columns_empty(store: TableStore) -> None:
    earlier = (SMALL[0], SMALL[2])
    store.write("small", "b", frame_of([{"name": "a", "path": b"p"}], earlier), earlier)
    (row,) = rows_of(store.read("small", "b", SMALL))
    assert row == dict.fromkeys(column.name for column in SMALL) | {"name": "a", "path": b"p"}
    with pytest.raises(TableError, match="columns are"):
        store.read("small", "b", (*SMALL, SMALL[0].__class__("must", "string", "be there", required=True)))


def test_half_a_file_gives_a_table_error_with_the_remedy(store: TableStore) -> None:
    path = write(store, *(f"photo {number}" for number in range(20)))
    whole = path.read_bytes()
    for size in range(0, len(whole), 29):
        path.write_bytes(whole[:size])
        with pytest.raises(TableError, match="materialize small"):
            store.read("small", BATCH, SMALL)


def test_a_damaged_byte_gives_a_table_error_and_nothing_else(store: TableStore) -> None:
    """Wherever it lies; a byte of a value may go unnoticed, any other kind of exception fails this test."""
    path = write(store, *(f"photo {number}" for number in range(20)))
    whole = path.read_bytes()
    refused = 0
    for at in range(0, len(whole), 11):
        path.write_bytes(whole[:at] + b"\xff" + whole[at + 1 :])
        with suppress(TableError):
            store.read("small", BATCH, SMALL)
            continue
        refused += 1
    assert refused > 30


WRITE_FOR_EVER = """
import itertools, sys
from pathlib import Path
from resources.tables.frames import frame_of
from resources.tables.store import TableStore
from tests.tables.samples import SMALL

store = TableStore(Path(sys.argv[1]))
frames = [frame_of([{"name": str(kind), "vector": [float(kind)] * 512}] * 300, SMALL) for kind in range(2)]
for turn in itertools.count():
    store.write("small", sys.argv[2], frames[turn % 2], SMALL)
    if turn == 1:
        print("ready", flush=True)
"""


def test_a_kill_leaves_the_old_table_or_the_new_one(store: TableStore, tmp_path: Path) -> None:
    for after_s in (0.0, 0.017, 0.041):
        command = [sys.executable, "-c", WRITE_FOR_EVER, str(tmp_path / "tables"), BATCH]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as writer:
            assert writer.stdout.readline() == "ready\n"
            time.sleep(after_s)
            os.kill(writer.pid, signal.SIGKILL)

        read = names(store)

        assert len(read) == 300
        assert len(set(read)) == 1


def test_strays_of_killed_writers_are_swept_but_not_a_living_ones(store: TableStore) -> None:
    folder = write(store, "a").parent
    stray, living, other = (folder / name for name in (f"{BATCH}.1.tmp", f"{BATCH}.2.tmp", "other.1.tmp"))
    for path in (stray, living, other):
        path.write_bytes(b"PAR1")
    long_ago = time.time() - STRAY_AFTER_S - 60
    os.utime(stray, (long_ago, long_ago))

    write(store, "b")

    assert not stray.exists()
    assert living.exists()
    assert other.exists()


def test_a_stray_that_another_writer_removes_first_is_no_trouble(
    store: TableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(store, "a").parent
    real = Path.glob
    monkeypatch.setattr(Path, "glob", lambda path, pattern: [*real(path, pattern), folder / f"{BATCH}.gone.tmp"])

    write(store, "b")

    assert names(store) == ["b"]


def write(store: TableStore, *wanted: str) -> Path:
    return store.write("small", BATCH, frame_of([{"name": name} for name in wanted], SMALL), SMALL)


def names(store: TableStore) -> list[str]:
    return [row["name"] for row in rows_of(store.read("small", BATCH, SMALL))]


def files_beside(store: TableStore) -> list[str]:
    return sorted(path.name for path in store.path("small", BATCH).parent.iterdir())
