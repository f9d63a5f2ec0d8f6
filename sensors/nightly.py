"""The nightly schedules: batches that are behind the settings, or that no run has ended, are done again; and the
collection as a whole is looked after where no new photo gives occasion to it.

A deliberate repetition has its own run key, one per night, so that a batch whose run failed is not given up. A night
has a budget; what is left is still due the next night, because the ledger says so.
"""

import dagster as dg

from photo_assets.at_work import batches_at_work
from photo_assets.jobs import describe_collection, ingest_batch
from photo_assets.partitions import BATCHES
from photo_assets.refresh_plan import current_provenance, plan_refresh
from resources.decoding.resource import DecodingResource
from resources.errors import PhotoPlatformError
from resources.inference.resource import InferenceResource
from resources.library.resource import LibraryResource


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


nightly_collection = dg.ScheduleDefinition(
    name="nightly_collection",
    job=describe_collection,
    cron_schedule="30 3 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Compares the collection with the ledger, and drops versions that PHOTO_COLLECTION_GRACE_DAYS are over "
    "for. The same is done whenever batches have been done.",
)
