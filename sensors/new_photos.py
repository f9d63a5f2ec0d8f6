"""The filesystem sensor: every tick looks at the library and requests a run for each batch that is due.

A batch is due while no run has ended it, and again when a sidecar of its photos has changed, a removed one is back or
a caption is to be tried again; those runs decode nothing. The collection is due when paths have changed. State is in
the ledger, not in a cursor, so a tick that dies loses nothing, and the run key keeps the same work from being requested
twice.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from photo_assets.at_work import batches_at_work, ended_by_hand, told_left
from photo_assets.ingest_lock import ingest_is_under_way
from photo_assets.jobs import (
    ASKED_JOBS,
    describe_collection,
    ingest_batch,
    refresh_metadata,
    retry_captions,
    rewrite_points,
)
from photo_assets.partitions import BATCHES
from photo_assets.run_tags import tagged
from resources.decoding.resource import DecodingResource
from resources.errors import PhotoPlatformError
from resources.library.resource import LibraryResource
from sensors.retrying import given_up, told_given_up

if TYPE_CHECKING:
    from photo_assets.steps.scanning import Scan
    from resources.library.ledger import Ledger

TICK_S = 30

# A tick is cut at 60 s. What it has not looked at by then is the next one's.
LOOKING_S = 30.0

# A tick's requests are submitted one by one at 0.2 s each.
MAX_REQUESTS = 50

# Batches that wait for their end: enough to keep every worker busy, too few to flood the queue with a first million.
MAX_PLANNED = 50
# Batches that failed for good: after so many the next one would, too, and a library of a million photos has thousands.
MAX_FAILED = 50

# While more photos keep coming, those that fill no batch wait so long for company.
PATIENCE_S = 120.0

RUN_KEY = "dagster/run_key"


@dg.sensor(
    jobs=ASKED_JOBS,
    minimum_interval_seconds=TICK_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Takes photos that are new or changed and at rest, and sidecars; starts one run per batch.",
)
def new_photos(
    context: dg.SensorEvaluationContext, library: LibraryResource, decoding: DecodingResource
) -> dg.SensorResult | dg.SkipReason:
    """Look once, cut batches, request the due ones."""
    if not library.roots:
        return dg.SkipReason("PHOTO_LIBRARY is empty: set it to the folders with your photos")
    try:
        with library.ledger() as ledger:
            scan = _look(ledger, library, decoding.decoder(), _room(context.instance, ledger.planned_batches()))
            requests = list(_requests_for(ledger, time.time() - library.missing_grace_s))
            due = tagged(requests, ledger, "new_photos")
    except PhotoPlatformError as error:
        return dg.SkipReason(str(error))
    context.log.info(scan.told())
    for warning in scan.warnings():
        context.log.warning(warning)
    if ingest_is_under_way(library.state_path(), context.instance):
        return dg.SkipReason(f"`photos ingest` is at work, and what is due is left to it: {scan.told()}")
    return _result(context, due) if due else dg.SkipReason(f"no batch is waiting: {scan.told()}")


def _room(instance: dg.DagsterInstance, planned: Sequence[str]) -> int:
    """How many batches may be cut; what failed for good keeps no worker busy, and much of it is a fault of all."""
    failed = len(given_up(instance, planned))
    return 0 if failed >= MAX_FAILED else max(0, MAX_PLANNED - len(planned) + failed)


def _look(ledger: "Ledger", library: LibraryResource, decoder: str, most_batches: int) -> "Scan":
    from photo_assets.steps.scanning import Roots, scan_once

    return scan_once(
        ledger,
        Roots(library.root_paths(), library.state_path(), library.patterns()),
        library.batch_size,
        most_batches=most_batches,
        stop_at=time.monotonic() + LOOKING_S,
        patience_s=PATIENCE_S,
        decoder=decoder,
    )


def _requests_for(ledger: "Ledger", removed_before: float) -> Iterator[dg.RunRequest]:
    """A run for the collection, and one for each batch that is planned or, being done, is due for something.

    All but the planned ones are named by a token of what is due. One that failed is asked for again the next day, the
    collection's the next hour.
    """
    now = datetime.now(UTC)
    if token := ledger.collection_due(removed_before):
        yield dg.RunRequest(f"collection/{token}/{now:%Y-%m-%dT%H}", job_name=describe_collection.name)
    for batch in ledger.planned_batches():
        yield dg.RunRequest(batch, job_name=ingest_batch.name, partition_key=batch)
    done = (
        ("sidecars", refresh_metadata, ledger.batches_with_new_sidecars()),
        ("points", rewrite_points, ledger.batches_to_rewrite()),
        ("captions", retry_captions, ledger.batches_with_due_captions()),
    )
    for what, job, batches in done:
        for batch, token in batches.items():
            run_key = f"{batch}/{what}/{token}/{now.date()}"
            yield dg.RunRequest(run_key, job_name=job.name, partition_key=batch)


def _result(context: dg.SensorEvaluationContext, due: Sequence[dg.RunRequest]) -> dg.SensorResult:
    asked = asked_for(context.instance, [str(request.run_key) for request in due])
    # A schedule's, a person's or an ingest's run may be at work on a batch, and its run key says nothing of that.
    at_work = batches_at_work(context.instance, [request.partition_key for request in due if request.partition_key])
    due = [request for request in due if request.partition_key not in at_work]
    new = [request for request in due if request.run_key not in asked][:MAX_REQUESTS]
    told = _told_past(context.instance, [request for request in due if request.run_key in asked])
    if told:
        context.log.warning(told)
    known = set(context.instance.get_dynamic_partitions(str(BATCHES.name)))
    wanted = [request.partition_key for request in new if request.partition_key is not None]
    unknown = [batch for batch in wanted if batch not in known]
    return dg.SensorResult(
        run_requests=new,
        skip_reason=None if new else told or "what is due has been asked for",
        dynamic_partitions_requests=[BATCHES.build_add_request(unknown)] if unknown else [],
    )


def _told_past(instance: dg.DagsterInstance, past: Sequence[dg.RunRequest]) -> str:
    """What a person must do about batches that have been asked for; nothing where there is nothing to do."""
    left = ended_by_hand(instance, [request.partition_key for request in past if request.partition_key])
    # All others are asked for again the next day.
    planned = [str(request.partition_key) for request in past if request.job_name == ingest_batch.name]
    failed = given_up(instance, planned)
    told = [told_left(left)] * bool(left) + [told_given_up(failed)] * bool(failed)
    return " ".join(told + ["So many that no new photos are taken until then."] * (len(failed) >= MAX_FAILED))


def asked_for(instance: dg.DagsterInstance, run_keys: Sequence[str]) -> set[str]:
    """Those of the run keys that have a run."""
    # Dagster drops a repeated run key too, but only after building the request. One query for all: each costs 5 ms.
    runs = instance.get_runs(dg.RunsFilter(tags={RUN_KEY: list(run_keys)}))
    return {run.tags[RUN_KEY] for run in runs}
