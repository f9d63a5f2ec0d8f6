"""The collection to oneself: commands that write it outside of a run take the place of Dagster's steps that do.

Those steps share a pool, one at a time, wherever they run. A server admits everybody at once, so a point could be
deleted that a batch has just written, and nobody would know before the next comparison. The embedded engine's own lock
keeps others out too, but fails them after a minute where this lets them wait.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from dagster._core.storage.event_log.base import EventLogStorage

from photo_assets.ingest_lock import COMMAND
from photo_assets.instance import open_instance
from photo_assets.settings import Settings
from resources.errors import PhotoPlatformError

POOL = "collection"

# A batch's points take a second, building a large graph minutes.
PATIENCE_S = 60.0
POLL_S = 0.1


class CollectionBusy(PhotoPlatformError):
    """A run of Dagster writes the collection."""

    retryable = True

    def __init__(self) -> None:
        super().__init__(
            "a run of Dagster is writing the collection. Wait for it or end it (`Runs` in Dagster's UI) and try again; "
            "nothing was changed."
        )


@contextmanager
def only_writer(settings: Settings, *, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Keep runs from writing the collection; they wait meanwhile. Only under `only_ingest`.

    Raises CollectionBusy after `patience_s`.
    """
    with open_instance(settings) as instance:
        storage = instance.event_log_storage
        storage.free_concurrency_slots_for_run(COMMAND)  # what a killed command left
        try:
            _take_all_places(storage, time.monotonic() + patience_s)
            yield
        finally:
            storage.free_concurrency_slots_for_run(COMMAND)


def _take_all_places(storage: EventLogStorage, give_up_at: float) -> None:
    if POOL not in {pool.name for pool in storage.get_pool_limits()}:  # no step has asked for it yet
        storage.initialize_concurrency_limit_to_default(POOL)
    places = next((pool.limit for pool in storage.get_pool_limits() if pool.name == POOL), 0)
    for number in range(places):
        while not storage.claim_concurrency_slot(POOL, COMMAND, f"place {number}").is_claimed:
            if time.monotonic() >= give_up_at:
                raise CollectionBusy
            time.sleep(POLL_S)
