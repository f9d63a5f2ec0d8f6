"""The run history with its shared file kept open: Dagster's own in every other way."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import psutil
import pytest
from sqlalchemy import Engine, event

from photo_assets.instance import DAGSTER_YAML, open_instance
from photo_assets.run_history import KeptOpenEventLog
from photo_assets.settings import Settings

PLAIN_YAML = "telemetry:\n  enabled: false\n"
SET = "names"


@dg.asset
def made() -> int:
    return 1


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path / "data" / "dagster"


def opened(home: Path, yaml: str = DAGSTER_YAML) -> dg.DagsterInstance:
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(yaml)
    os.environ["DAGSTER_HOME"] = str(home)  # the fixture takes it back
    return dg.DagsterInstance.get()


@contextmanager
def connections() -> Iterator[list[object]]:
    """Every database connection that is opened meanwhile."""
    seen: list[object] = []

    def note(connection: object, _: object) -> None:
        seen.append(connection)

    event.listen(Engine, "connect", note)
    yield seen
    event.remove(Engine, "connect", note)


def test_the_instance_of_a_library_has_it(home: Path) -> None:
    with open_instance(Settings(photo_data=home.parent)) as instance:
        assert isinstance(instance.event_log_storage, KeptOpenEventLog)


def test_questions_to_the_shared_file_open_it_once(home: Path) -> None:
    with opened(home) as instance:
        instance.add_dynamic_partitions(SET, ["a"])
        instance.has_dynamic_partition(SET, "a")
        with connections() as seen:
            assert [instance.has_dynamic_partition(SET, name) for name in "abab"] == [True, False, True, False]
        assert not seen


@pytest.mark.parametrize(("first", "second"), [(DAGSTER_YAML, PLAIN_YAML), (PLAIN_YAML, DAGSTER_YAML)])
def test_what_one_storage_wrote_the_other_reads_and_goes_on_with(home: Path, first: str, second: str) -> None:
    with opened(home, first) as instance:
        instance.add_dynamic_partitions(SET, ["a"])
        run = dg.materialize([made], instance=instance).run_id
    with opened(home, second) as instance:
        assert instance.get_dynamic_partitions(SET) == ["a"]
        assert instance.get_latest_materialization_event(made.key) is not None
        assert [entry.run_id for entry in instance.all_logs(run)]
        assert dg.materialize([made], instance=instance).success
        assert instance.get_runs_count() == 2


def test_both_storages_see_at_once_what_the_other_writes(home: Path) -> None:
    with opened(home) as ours, opened(home, PLAIN_YAML) as theirs:
        for number in range(5):
            (ours, theirs)[number % 2].add_dynamic_partitions(SET, [f"{number}"])
            assert len(ours.get_dynamic_partitions(SET)) == len(theirs.get_dynamic_partitions(SET)) == number + 1


def test_threads_and_instances_write_side_by_side(home: Path) -> None:
    with opened(home) as one, opened(home) as other, ThreadPoolExecutor(8) as threads:

        def add(number: int) -> None:
            (one, other)[number % 2].add_dynamic_partitions(SET, [f"{number:02}"])

        list(threads.map(add, range(40)))
        assert sorted(one.get_dynamic_partitions(SET)) == [f"{number:02}" for number in range(40)]


def test_a_runs_own_file_is_closed_after_every_event_so_that_watchers_are_told(home: Path) -> None:
    with opened(home) as instance:
        run = dg.materialize([made], instance=instance).run_id
        files = {path.name for path in (home / "history" / "runs").iterdir() if path.name.startswith(run)}
        assert f"{run}.db" in files
        assert f"{run}.db-wal" not in files


def test_an_instance_that_is_left_keeps_no_file_open(home: Path) -> None:
    def open_files() -> list[str]:
        return [file.path for file in psutil.Process().open_files() if file.path.startswith(str(home))]

    with opened(home) as instance:
        instance.add_dynamic_partitions(SET, ["a"])
        instance.has_dynamic_partition(SET, "a")
        assert open_files()
    assert not open_files()


def test_a_wiped_history_is_made_anew(home: Path) -> None:
    with opened(home) as instance:
        dg.materialize([made], instance=instance)
        instance.event_log_storage.wipe()
        assert instance.get_latest_materialization_event(made.key) is None
        assert dg.materialize([made], instance=instance).success
        assert instance.get_latest_materialization_event(made.key) is not None
