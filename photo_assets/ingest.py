"""One ingest from start to end in this process: scan, register batches, materialize each through Dagster.

What the `photos ingest` command and the demo run. Dagster keeps the runs, so the UI shows them afterwards.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from photo_assets.batch_runs import BatchRunner
from photo_assets.definitions import build_defs, open_resource
from photo_assets.ingest_lock import INGEST_TAG, end_killed_runs, only_ingest
from photo_assets.instance import open_instance
from photo_assets.progress import Listener, listening
from photo_assets.run_tags import STARTED_BY
from photo_assets.running import describe_collection
from photo_assets.settings import Settings
from photo_assets.steps.scanning import Roots, Scan, scan_until_settled
from resources.library.resource import LibraryResource

if TYPE_CHECKING:
    from resources.library.ledger import Ledger


@dataclass
class Ingested:
    """What an ingest did, and how the library stands after it.

    `described` are the earlier batches whose sidecars were read again, `captioned` those whose failed captions were
    written again, `rewritten` those whose removed photos are back; `removed` counts photos that left the collection.
    `left` are batches that other runs of Dagster were at work on. `seconds` holds the time of each asset's steps,
    `failed` why a batch's run failed, `failures` the failed files; `differs` says it if the collection is not what it
    should be in the end.
    """

    scan: Scan
    batches: list[str] = field(default_factory=list)
    described: list[str] = field(default_factory=list)
    captioned: list[str] = field(default_factory=list)
    rewritten: list[str] = field(default_factory=list)
    removed: int = 0
    left: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    differs: str = ""

    def took(self, seconds: Mapping[str, float]) -> None:
        """Add the time of a run's steps."""
        for step, of_step in seconds.items():
            self.seconds[step] = self.seconds.get(step, 0.0) + of_step


def ingest(settings: Settings, roots: Sequence[Path], watch: Callable[[int], Listener]) -> Ingested:
    """Take what is new below `roots` all the way into the collection.

    `watch` is told how many files there are to do and answers with the listener of the progress.
    """
    library: LibraryResource = open_resource(settings, "library")
    decoder = open_resource(settings, "decoding").decoder()
    began_at = time.time()
    with only_ingest(settings.photo_data), library.ledger() as ledger:
        watched = Roots(roots, settings.photo_data, library.patterns())
        models = partial(_prepare_models, settings)
        scan = scan_until_settled(ledger, watched, settings.photo_batch_size, decoder=decoder, meanwhile=models)
        with_sidecars, with_captions = ledger.batches_with_new_sidecars(), ledger.batches_with_due_captions()
        ingested = Ingested(scan, ledger.planned_batches(), list(with_sidecars), list(with_captions))
        collection_is_due = ledger.collection_due(began_at - library.missing_grace_s) or ledger.batches_to_rewrite()
        if ingested.batches or ingested.described or ingested.captioned or collection_is_due:
            _run_batches(settings, ledger, ingested, watch(ledger.counts()["pending"]))
        ingested.counts, ingested.failures = ledger.counts(), ledger.failures()
        ingested.removed = ledger.removed_since(began_at)
    return ingested


def _run_batches(settings: Settings, ledger: "Ledger", ingested: Ingested, listener: Listener) -> None:
    """Materialize every planned batch, those of an interrupted ingest too; let earlier ones and the whole follow."""
    if ingested.batches or ingested.captioned:
        _prepare_models(settings)
    definitions = build_defs(settings)
    with open_instance(settings) as instance, listening(listener):
        end_killed_runs(instance)
        runner = BatchRunner(definitions, instance, INGEST_TAG[STARTED_BY], settings.photo_backfill_batches)
        _run_job(runner, ledger, "ingest_batch", ingested.batches, ingested)
        _run_job(runner, ledger, "refresh_metadata", ingested.described, ingested)
        _run_job(runner, ledger, "retry_captions", ingested.captioned, ingested)
        _describe(definitions, instance, ingested)
        ingested.rewritten = list(ledger.batches_to_rewrite())
        _run_job(runner, ledger, "rewrite_points", ingested.rewritten, ingested)
        if ingested.rewritten:
            _describe(definitions, instance, ingested)


def _prepare_models(settings: Settings) -> None:
    """See that the models are there, rather than fail after decoding a batch, and load them while that is done."""
    engine = open_resource(settings, "inference").engine()
    engine.ready()
    engine.warm_up()


def _run_job(runner: BatchRunner, ledger: "Ledger", job: str, batches: Sequence[str], ingested: Ingested) -> None:
    sizes = ledger.batch_sizes(batches)
    for ended in runner.run(job, {batch: sizes[batch] for batch in batches}):
        if ended.left:
            ingested.left.extend(ended.batches)
        if ended.failed:
            ingested.failed |= dict.fromkeys(ended.batches, ended.failed)
        ingested.took(ended.seconds)


def _describe(definitions: dg.Definitions, instance: dg.DagsterInstance, ingested: Ingested) -> None:
    seconds, ingested.differs = describe_collection(definitions, instance, INGEST_TAG)
    ingested.took(seconds)
