"""The nightly schedules: batches that are behind the settings, or that no run has ended, are done again; and the
collection as a whole is looked after where no new photo gives occasion to it.

A deliberate repetition has its own run key, one per night, so that a batch whose run failed is not given up. A night
has a budget; what is left is still due the next night, because the ledger says so.
"""

import dagster as dg

from photo_assets.at_work import batches_at_work
from photo_assets.jobs import describe_collection, ingest_batch, optimize_collection
from photo_assets.partitions import BATCHES
from photo_assets.refresh_plan import current_provenance, plan_refresh
from resources.decoding.resource import DecodingResource
from resources.errors import PhotoPlatformError
from resources.inference.resource import InferenceResource
from resources.library.resource import LibraryResource
from resources.vectors.resource import VectorIndexResource


@dg.schedule(
    job=ingest_batch,
    cron_schedule="0 2 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Does again the batches that are behind the settings or whose run never ended, so many a night.",
)
def nightly_refresh(
    context: dg.ScheduleEvaluationContext,
    library: LibraryResource,
    decoding: DecodingResource,
    inference: InferenceResource,
) -> dg.SkipReason | list[dg.RunRequest]:
    """One run per batch that is due, oldest first, of its due assets alone, where no run is at work on it."""
    try:
        with library.ledger() as ledger:
            due = plan_refresh(ledger, current_provenance(decoding, inference))
    except PhotoPlatformError as error:
        return dg.SkipReason(str(error))
    at_work = batches_at_work(context.instance, [each.batch for each in due])
    tonight = [each for each in due if each.batch not in at_work][: library.nightly_batches]
    if not tonight:
        return dg.SkipReason(f"nothing is to be done again; {len(at_work)} batches are being done")
    context.instance.add_dynamic_partitions(str(BATCHES.name), [each.batch for each in tonight])
    context.log.info(f"{len(due)} batches are due, {len(tonight)} tonight")
    night = f"{context.scheduled_execution_time:%Y-%m-%d}"
    return [each.request(f"{each.batch}/{night}", "nightly_refresh") for each in tonight]


@dg.schedule(
    job=optimize_collection,
    cron_schedule="0 5 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Builds the collection's search graph again once PHOTO_GRAPH_POINTS photos came in since it was built.",
)
def nightly_graph(
    context: dg.ScheduleEvaluationContext, library: LibraryResource, vectors: VectorIndexResource
) -> dg.SkipReason | dg.RunRequest:
    """A run where enough photos came in; the index itself is not opened to see that."""
    with library.ledger() as ledger:
        photos = ledger.counts()["ok"]
    new = photos - _points_in_graph(context.instance)
    if new < vectors.graph_points:
        return dg.SkipReason(f"{max(new, 0)} photos since the graph was built; it waits for {vectors.graph_points}")
    return dg.RunRequest(f"graph/{context.scheduled_execution_time:%Y-%m-%d}")


def _points_in_graph(instance: dg.DagsterInstance) -> int:
    event = instance.get_latest_materialization_event(dg.AssetKey("collection_index"))
    told = event.asset_materialization.metadata if event and event.asset_materialization else {}
    return int(str(told["points"].value)) if "points" in told else 0


nightly_collection = dg.ScheduleDefinition(
    name="nightly_collection",
    job=describe_collection,
    cron_schedule="30 3 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Compares the collection with the ledger, and drops versions that PHOTO_COLLECTION_GRACE_DAYS are over "
    "for. The same is done whenever batches have been done.",
)
