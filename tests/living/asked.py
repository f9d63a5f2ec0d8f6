"""Dagster in small: the runs that were asked for, by their keys, and as much of an instance as the sensor uses.

It outlives the process that a test lets die, as Dagster's own storage does. What is due is never decided here, and what
a run does stands in works.py.
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from photo_assets.at_work import PARTITION, UNENDED
from photo_assets.jobs import ingest_batch
from sensors.new_photos import RUN_KEY


class Asked(dg.DagsterInstance):
    """Runs and partitions in memory; none of the storages that a real instance opens."""

    def __init__(self) -> None:
        self._runs: dict[str, dg.DagsterRun] = {}
        self._batches: list[str] = []

    def get_dynamic_partitions(self, partitions_def_name: str) -> Sequence[str]:
        """The batches that were registered."""
        return list(self._batches)

    def get_runs(self, filters: dg.RunsFilter | None = None, *_: Any, **__: Any) -> list[dg.DagsterRun]:
        """Those with one of the statuses and one of the values of each tag."""
        return [run for run in self._runs.values() if filters is None or _is_wanted(run, filters)]

    @property
    def event_log_storage(self) -> Any:
        """All that is asked of it is to free a place in a pool."""
        return self

    def free_concurrency_slots_for_run(self, run_id: str) -> None:
        """There are no pools."""

    def submit(self, answer: dg.SensorResult | dg.SkipReason) -> None:
        """What the daemon does with a tick's answer: a run key that it knows gets no other run."""
        if isinstance(answer, dg.SensorResult):
            for addition in answer.dynamic_partitions_requests or ():
                self._batches += addition.partition_keys
            for request in answer.run_requests or ():
                self._ask(str(request.run_key), str(request.job_name), request.partition_key)

    def ask_by_hand(self, batches: Sequence[str]) -> None:
        """What a person or a schedule does with batches that no run is at work on."""
        at_work = {run.tags.get(PARTITION) for run in self.unended()}
        for batch in batches:
            if batch not in at_work:
                self._batches += [] if batch in self._batches else [batch]
                self._ask(f"{batch}/{len(self._runs)}", ingest_batch.name, batch)

    def unended(self, job: str | None = None) -> list[dg.DagsterRun]:
        """The runs that wait or are under way, in the order in which they were asked for."""
        return [run for run in self.get_runs(dg.RunsFilter(statuses=UNENDED)) if job in (None, run.job_name)]

    def note(self, run: dg.DagsterRun, status: dg.DagsterRunStatus) -> None:
        """Write down how far a run is."""
        self._runs[run.run_id] = run.with_status(status)

    def end_started(self) -> list[dg.DagsterRun]:
        """The process died with all runs that were under way; which those were."""
        started = self.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        for run in started:
            self.note(run, dg.DagsterRunStatus.FAILURE)
        return started

    def _ask(self, run_key: str, job: str, batch: str | None) -> None:
        assert batch is None or batch in self._batches, "a run of a partition that Dagster does not know"
        tags = {RUN_KEY: run_key} | ({PARTITION: batch} if batch else {})
        run = dg.DagsterRun(job, run_id=run_key, tags=tags, status=dg.DagsterRunStatus.NOT_STARTED)
        self._runs.setdefault(run_key, run)


def _is_wanted(run: dg.DagsterRun, filters: dg.RunsFilter) -> bool:
    if filters.statuses and run.status not in filters.statuses:
        return False
    wanted = {name: [value] if isinstance(value, str) else value for name, value in filters.tags.items()}
    return all(run.tags.get(name) in values for name, values in wanted.items())
