"""One refresh from start to end in this process: what is behind the settings or was never ended, done again.

What the `photos refresh` command runs. Which batches are due and why stands in refresh_plan.py; new files are
ingest.py's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby

from photo_assets.batch_runs import BatchRunner
from photo_assets.collection_lock import only_writer
from photo_assets.definitions import build_defs, open_resource
from photo_assets.ingest_lock import REFRESH_TAG, end_killed_runs, only_ingest
from photo_assets.instance import open_instance
from photo_assets.progress import Listener
from photo_assets.refresh_plan import Due, current_provenance, likely_provenance, plan_refresh
from photo_assets.repairing import Wrong, put_right
from photo_assets.run_tags import STARTED_BY
from photo_assets.running import describe_collection
from photo_assets.settings import Settings


@dataclass
class Refreshed:
    """The batches done, those `left` to other runs of Dagster that were at work on them, and why others failed.

    `wrong` is how the collection differed from ledger and tables before, and `differs` says it if it does so still.
    """

    wrong: Wrong
    done: list[Due] = field(default_factory=list)
    left: list[Due] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    differs: str = ""

    @property
    def orphans(self) -> int:
        """How many points of no photo were deleted, counted in each version."""
        return sum(len(found.orphans) for found in self.wrong.versions)


def due_now(settings: Settings) -> list[Due]:
    """The batches that are due under these settings, oldest first. Raises ModelError."""
    decoding, inference = open_resource(settings, "decoding"), open_resource(settings, "inference")
    with open_resource(settings, "library").ledger() as ledger:
        return plan_refresh(ledger, current_provenance(decoding, inference))


def plan_now(settings: Settings) -> tuple[list[Due], list[str]]:
    """The same also where a model is not here, and in words what could not be told of it."""
    decoding, inference = open_resource(settings, "decoding"), open_resource(settings, "inference")
    with open_resource(settings, "library").ledger() as ledger:
        made_by, unknown = likely_provenance(ledger, decoding, inference)
        return plan_refresh(ledger, made_by), unknown


def refresh(settings: Settings, watch: Callable[[int], Listener]) -> Refreshed:
    """Do again what is due, oldest first; points that are not what ledger and tables say are due too.

    `watch` is told how many files that is and answers with the listener of the progress. Raises CollectionBusy.
    """
    with only_ingest(settings.photo_data):
        with only_writer(settings):
            wrong = put_right(settings)
        return _refresh(settings, wrong, due_now(settings), watch)


def repair(
    settings: Settings, watch: Callable[[int], Listener], *, force: bool = False, vectors: bool = False
) -> Refreshed:
    """Let points be what ledger and tables say, and nothing else: nothing is decoded or inferred.

    Their `vectors` are compared too if so told. Raises TooManyOrphans, unless by `force`, and CollectionBusy.
    """
    with only_ingest(settings.photo_data):
        with only_writer(settings):
            wrong = put_right(settings, force=force, vectors=vectors)
        return _refresh(settings, wrong, wrong.due, watch)


def _refresh(settings: Settings, wrong: Wrong, due: list[Due], watch: Callable[[int], Listener]) -> Refreshed:
    refreshed = Refreshed(wrong)
    if due or refreshed.orphans:
        _run_all(settings, due, refreshed, watch(sum(each.files for each in due)))
    return refreshed


def _run_all(settings: Settings, due: list[Due], refreshed: Refreshed, listener: Listener) -> None:
    definitions = build_defs(settings)
    with open_instance(settings) as instance:
        end_killed_runs(instance)
        runner = BatchRunner(definitions, instance, REFRESH_TAG[STARTED_BY], settings.photo_backfill_batches)
        for _, alike in groupby(due, key=lambda each: each.assets):
            _run(runner, list(alike), refreshed, listener)
        _, refreshed.differs = describe_collection(definitions, instance, REFRESH_TAG)


def _run(runner: BatchRunner, due: list[Due], refreshed: Refreshed, listener: Listener) -> None:
    """Do what is due of several batches in a row, which is the same for all of them."""
    by_batch, files = {each.batch: each for each in due}, {each.batch: each.files for each in due}
    for ended in runner.run("ingest_batch", files, asset_selection=due[0].selection()):
        ran = [by_batch[batch] for batch in ended.batches]
        if ended.left:
            refreshed.left.extend(ran)
        elif ended.failed:
            refreshed.failed |= dict.fromkeys(ended.batches, ended.failed)
        else:
            refreshed.done.extend(ran)
        listener("refreshed", sum(each.files for each in ran))
