"""The filesystem sensor: every tick looks at the library and requests a run for each planned batch.

State is in the ledger, not in a cursor: a batch stays planned until a run has ended it, so a tick that dies loses
nothing, and the run key keeps a batch from being requested twice.
"""

import dagster as dg

from photo_assets.jobs import ingest_batch
from photo_assets.partitions import BATCHES
from resources.errors import PhotoPlatformError
from resources.library.resource import LibraryResource

TICK_S = 30

# A tick's requests are submitted one by one at 0.2 s each, and a tick is cut at 60 s.
MAX_REQUESTS = 50

RUN_KEY = "dagster/run_key"


@dg.sensor(
    job=ingest_batch,
    minimum_interval_seconds=TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes photos that are new or changed and at rest, and starts one run per batch.",
)
def new_photos(context: dg.SensorEvaluationContext, library: LibraryResource) -> dg.SensorResult | dg.SkipReason:
    """Look once, cut batches, request the planned ones."""
    from photo_assets.steps.scanning import scan_once

    if not library.roots:
        return dg.SkipReason("PHOTO_LIBRARY is empty: set it to the folders with your photos")
    try:
        with library.ledger() as ledger:
            scan = scan_once(ledger, library.root_paths(), library.state_path(), library.batch_size)
            planned = ledger.planned_batches()
    except PhotoPlatformError as error:
        return dg.SkipReason(str(error))
    context.log.info(scan.told())
    return _requests(context, planned) if planned else dg.SkipReason(f"no batch is waiting: {scan.told()}")


def _requests(context: dg.SensorEvaluationContext, planned: list[str]) -> dg.SensorResult:
    requested = _requested(context.instance, planned)
    due = [batch for batch in planned if batch not in requested][:MAX_REQUESTS]
    known = set(context.instance.get_dynamic_partitions(str(BATCHES.name)))
    unknown = [batch for batch in due if batch not in known]
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=batch, partition_key=batch) for batch in due],
        dynamic_partitions_requests=[BATCHES.build_add_request(unknown)] if unknown else [],
    )


def _requested(instance: dg.DagsterInstance, planned: list[str]) -> set[str]:
    # Dagster drops a repeated run key too, but only after building the request. One query for all: each costs 5 ms.
    runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY: planned}))
    return {run.tags[RUN_KEY] for run in runs}
