"""Which batches a command does in one run, and what becomes of the others where one fails."""

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from photo_assets import batch_runs
from photo_assets.at_work import PARTITION, RANGE_END, RANGE_START
from photo_assets.batch_runs import BatchRun, BatchRunner
from photo_assets.partitions import BATCHES
from resources.inference.errors import WrongModel
from resources.tables.frames import TableError

JOB = "all_of_it"
Wanted = Callable[[str], None]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any number of batches fits into a run."""
    monkeypatch.setattr(batch_runs, "A_RUN_S", 1e9)


def run(
    instance: dg.DagsterInstance,
    batches: str,
    *,
    most: int = 0,
    each: Wanted = lambda batch: None,
    files: Sequence[int] = (7,) * 26,
) -> list[BatchRun]:
    """Run a job whose one asset does this to `each` of the batches, a letter each, with so many files."""

    @dg.asset(partitions_def=BATCHES)
    def done(context: dg.AssetExecutionContext) -> None:
        for batch in context.partition_keys:
            each(batch)

    job = dg.define_asset_job(JOB, selection=[done])
    definitions = dg.Definitions(assets=[done], jobs=[job])
    return list(BatchRunner(definitions, instance, "test", most).run(JOB, dict(zip(batches, files, strict=False))))


def done_in(runs: Sequence[BatchRun]) -> list[str]:
    return ["".join(each.batches) for each in runs if not (each.left or each.failed)]


def failing(error: Exception, at: str) -> Wanted:
    def fail(batch: str) -> None:
        if batch == at:
            raise error

    return fail


def test_the_first_run_takes_one_batch_and_a_later_one_what_fits(instance: dg.DagsterInstance) -> None:
    seen: list[str] = []
    assert done_in(run(instance, "abcdefgh", most=3, each=seen.append)) == ["a", "bcd", "efg", "h"]
    assert "".join(seen) == "abcdefgh"
    assert done_in(run(instance, "abcdefgh")) == ["a", "bcdefgh"], "0 is no bound"


def test_a_run_of_slow_batches_takes_one(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_runs, "A_RUN_S", 0.0)
    assert done_in(run(instance, "abc")) == ["a", "b", "c"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds, which only a test moves on; ten of them are a run's."""
    clock = [0.0]
    monkeypatch.setattr(batch_runs, "A_RUN_S", 10.0)
    monkeypatch.setattr(batch_runs, "time", SimpleNamespace(perf_counter=lambda: clock[0]))
    return clock


def test_what_fits_is_told_by_the_pace_of_files(instance: dg.DagsterInstance, clock: list[float]) -> None:
    files = {"a": 1, "b": 4, "c": 4, "d": 4, "e": 20, "f": 3}

    def work(batch: str) -> None:
        clock[0] += files[batch]

    assert done_in(run(instance, "abcdef", each=work, files=[*files.values()])) == ["a", "bc", "d", "e", "f"]


def test_a_batch_that_is_left_or_fails_at_once_says_nothing_of_the_pace(
    instance: dg.DagsterInstance, clock: list[float]
) -> None:
    def work(batch: str) -> None:
        clock[0] += 4
        failing(ValueError("at once"), "b")(batch)

    create_run_for_test(instance, "ingest_batch", tags={PARTITION: "a"}, status=dg.DagsterRunStatus.STARTED)
    ended = run(instance, "abcde", each=work, files=[4, 1_000, 4, 4, 4])
    assert ["".join(each.batches) for each in ended] == ["a", "b", "c", "de"]


def test_a_run_tells_its_batches_their_files_and_who_asked(instance: dg.DagsterInstance) -> None:
    run(instance, "abc")
    several, one = (each.tags for each in instance.get_runs())
    assert (one[PARTITION], one["photos/batch"], one["photos/files"]) == ("a", "a", "7")
    assert (several[RANGE_START], several[RANGE_END]) == ("b", "c")
    assert (several["photos/batch"], several["photos/files"]) == ("b...c", "14")
    assert {several["photos/started_by"], one["photos/started_by"]} == {"test"}


def test_no_batch_is_run_that_lies_between_the_wanted(instance: dg.DagsterInstance) -> None:
    instance.add_dynamic_partitions(str(BATCHES.name), ["a", "x", "c", "b"])
    seen: list[str] = []
    assert done_in(run(instance, "abcde", each=seen.append)) == ["a", "b", "c", "de"]
    assert "".join(seen) == "abcde"


def test_a_batch_that_another_run_is_at_work_on_is_left_and_the_others_are_done(instance: dg.DagsterInstance) -> None:
    create_run_for_test(instance, "ingest_batch", tags={PARTITION: "c"}, status=dg.DagsterRunStatus.STARTED)
    ended = run(instance, "abcde")
    assert done_in(ended) == ["a", "b", "de"]
    assert [list(each.batches) for each in ended if each.left] == [["c"]]


@pytest.mark.parametrize("error", [ValueError("of one batch"), TableError("a table is cut off")])
def test_where_a_run_of_several_fails_each_gets_its_own(instance: dg.DagsterInstance, error: Exception) -> None:
    ended = run(instance, "abcde", most=3, each=failing(error, "c"))
    assert done_in(ended) == ["a", "b", "d", "e"]
    assert [(list(each.batches), each.failed) for each in ended if each.failed] == [(["c"], str(error))]


def test_what_would_fail_every_batch_is_raised(instance: dg.DagsterInstance) -> None:
    with pytest.raises(WrongModel):
        run(instance, "abcd", each=failing(WrongModel("a", "PHOTO_CLIP_MODEL", "bert", "clip"), "c"))
