"""What is brought up to date by itself: the collection, after whatever batch was done, also while others run."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest

from photo_assets.assets.collection import collection_points, photo_collection
from photo_assets.definitions import defs
from photo_assets.partitions import BATCHES

POINTS, COLLECTION = collection_points.key, photo_collection.key


class Ticks:
    """The automation sensor's ticks, one after the other."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance, self._cursor = instance, None

    def next(self) -> int:
        """How many runs of photo_collection are asked for."""
        result = dg.evaluate_automation_conditions(
            defs,
            self._instance,
            asset_selection=dg.AssetSelection.assets(COLLECTION),
            evaluation_time=datetime.now(UTC),
            cursor=self._cursor,
        )
        self._cursor = result.cursor
        return result.total_requested


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(str(BATCHES.name), ["first", "second"])
        yield instance


def done(instance: dg.DagsterInstance, batch: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(POINTS, partition=batch))


def begun(instance: dg.DagsterInstance, batch: str) -> str:
    """The id of a run that is at work on the batch."""
    job = defs.resolve_job_def("ingest_batch")
    tags = {"dagster/partition": batch}
    return instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=tags).run_id


def test_a_batch_that_is_done_while_another_runs_is_remembered_until_that_has_ended(
    instance: dg.DagsterInstance,
) -> None:
    ticks = Ticks(instance)
    assert ticks.next() == 0
    run = begun(instance, "second")
    done(instance, "first")
    assert [ticks.next(), ticks.next()] == [0, 0], "not while a batch runs"
    instance.report_run_failed(instance.get_run_by_id(run))
    assert ticks.next() == 1
    assert ticks.next() == 0, "once"
