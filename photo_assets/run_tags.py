"""The tags that every run of a batch carries, so that a person finds runs by them: which batch, and what started it.

And those by which a run finds its worker.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from photo_assets.at_work import RANGE_END, RANGE_START

if TYPE_CHECKING:
    from resources.library.ledger import Ledger

STARTED_BY = "photos/started_by"
BATCH = "photos/batch"
FILES = "photos/files"

# Of runs that ask no model. Where runs go to Celery workers, these have a queue of their own, and all others the
# default one; where runs are Kubernetes jobs, these ask for no GPU.
NEEDS_NO_GPU = {
    "dagster-celery/queue": "cpu",
    "dagster-k8s/config": '{"container_config": {"resources": {"limits": {"nvidia.com/gpu": "0"}}}}',
}


def run_tags(batches: Sequence[str], files: int, started_by: str) -> dict[str, str]:
    """The tags of a run of these batches of so many files; `started_by` names a sensor, a schedule or a command.

    Several are a range, which is all that tells Dagster of it.
    """
    told = {FILES: str(files), STARTED_BY: started_by}
    if len(batches) == 1:
        return {BATCH: batches[0]} | told
    first, last = batches[0], batches[-1]
    return {BATCH: f"{first}...{last}", RANGE_START: first, RANGE_END: last} | told


def tagged(requests: Sequence[dg.RunRequest], ledger: "Ledger", started_by: str) -> list[dg.RunRequest]:
    """The requests with their tags; those of no batch have only what started them."""
    files = ledger.batch_sizes([request.partition_key for request in requests if request.partition_key])
    return [
        request.with_replaced_attrs(
            tags=run_tags([request.partition_key], files.get(request.partition_key, 0), started_by)
            if request.partition_key
            else {STARTED_BY: started_by}
        )
        for request in requests
    ]
