"""The IO manager in a real Dagster run of two small assets."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from resources.tables.frames import TableError, frame_of, rows_of
from resources.tables.io_manager import ParquetIOManager
from resources.tables.store import TableStore

from .samples import SMALL

BATCHES = dg.DynamicPartitionsDefinition(name="batches_of_this_test")
SCHEMAS = {"upstream": SMALL, "downstream": SMALL}


@dg.asset(partitions_def=BATCHES, dagster_type=dg.Any)
def upstream(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    rows = [{"name": context.partition_key, "path": b"\xe9"}, {"name": "second", "size": None}]
    return dg.MaterializeResult(value=frame_of(rows, SMALL))


@dg.asset(partitions_def=BATCHES, dagster_type=dg.Any)
def downstream(upstream: object) -> dg.MaterializeResult:
    rows = rows_of(upstream)
    assert rows[0]["path"] == b"\xe9"
    return dg.MaterializeResult(value=frame_of(reversed(rows), SMALL))


@dg.asset(partitions_def=BATCHES, backfill_policy=dg.BackfillPolicy.single_run())
def downstream_of_a_range(upstream: object) -> None:
    assert rows_of(upstream)[0]["name"] == "one"


@dg.asset(partitions_def=BATCHES)
def of_no_table(downstream: object) -> None:
    """Stores nothing."""


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(BATCHES.name, ["one", "two"])
        yield instance


def test_a_partition_of_an_asset_is_one_table(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    for batch in ("one", "two"):
        result = run(instance, store, batch)
        (event,) = result.asset_materializations_for_node("upstream")
        assert event.metadata["table"].value == str(store.path("upstream", batch))
        assert event.metadata["table_bytes"].value == store.path("upstream", batch).stat().st_size

    assert [row["name"] for row in rows_of(store.read("downstream", "two", SMALL))] == ["second", "two"]
    assert list(store.batches("upstream")) == ["one", "two"]
    assert list(store.batches("of_no_table")) == []


def test_an_asset_alone_reads_its_input_from_an_earlier_run(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    run(instance, store, "one", [upstream])

    run(instance, store, "one", [upstream, downstream], selection=["downstream"])

    assert [row["name"] for row in rows_of(store.read("downstream", "one", SMALL))] == ["second", "one"]


def test_a_backfills_range_of_one_batch_is_read_as_one_table(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    run(instance, store, "one", [upstream])
    resources = {"io_manager": ParquetIOManager(store, SCHEMAS)}
    job = dg.Definitions([upstream, downstream_of_a_range], resources=resources).resolve_implicit_global_asset_job_def()
    between = {"dagster/asset_partition_range_start": "one", "dagster/asset_partition_range_end": "one"}
    selected = [dg.AssetKey("downstream_of_a_range")]
    assert job.execute_in_process(instance=instance, asset_selection=selected, tags=between).success


def test_an_input_never_made_fails_the_run_with_the_remedy(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    with pytest.raises(TableError, match="upstream of batch one does not exist; materialize it first"):
        run(instance, TableStore(tmp_path), "one", [upstream, downstream], selection=["downstream"])


def run(
    instance: dg.DagsterInstance,
    store: TableStore,
    batch: str,
    assets: list[dg.AssetsDefinition] | None = None,
    selection: list[str] | None = None,
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        assets or [upstream, downstream, of_no_table],
        partition_key=batch,
        instance=instance,
        resources={"io_manager": ParquetIOManager(store, SCHEMAS)},
        selection=selection,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
