"""The runs in which a command does batches in this process: several in one, as many as a minute's work.

Dagster asks for most of a second per run, whatever it does; the models may be through with a batch in as much. So the
first run takes one batch, and each later one as many as fit into A_RUN_S at the pace of the one before: of slow models
one still. What the daemon starts is a sensor's, a schedule's or a backfill's affair.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from typing import Any

import dagster as dg

from photo_assets.at_work import batches_at_work
from photo_assets.partitions import BATCHES
from photo_assets.run_tags import run_tags
from photo_assets.running import run_in_process
from resources.errors import PhotoPlatformError, first_line
from resources.tables.frames import TableError

# Long beside what Dagster asks for, and no more than may be lost where a command is killed.
A_RUN_S = 60.0


@dataclass(frozen=True)
class BatchRun:
    """How a run went: `left` to other runs that were at work on its batches, `failed` and why, or done.

    `seconds` holds the time of each of its steps.
    """

    batches: Sequence[str]
    left: bool = False
    failed: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class BatchRunner:
    """Runs jobs of `definitions` for batches; `started_by` names the command, `most` bounds a run's batches, 0 not."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    started_by: str
    most: int

    def run(self, job: str, files: Mapping[str, int], **selection: Any) -> Iterator[BatchRun]:
        """Run a job for batches of so many files each, in their order; one that fails stays due.

        Where a run of several fails, each of them gets a run of its own, so that none fails for another. Raises what
        would fail every other too; a table that cannot be read is its batch's alone.
        """
        waiting, room = list(files), 0
        while waiting:
            began = time.perf_counter()
            ended = self._run(job, self._fitting(waiting, files, room), files, selection)
            del waiting[: len(ended.batches)]
            if not (ended.left or ended.failed):  # either is over at once
                room = int(A_RUN_S * _sum(files, ended.batches) / (time.perf_counter() - began))
            if ended.failed and len(ended.batches) > 1:
                yield from (self._run(job, [batch], files, selection) for batch in ended.batches)
            else:
                yield ended

    def _fitting(self, waiting: Sequence[str], files: Mapping[str, int], room: int) -> Sequence[str]:
        """The first of the waiting, and those after it while they have no more than `room` files together."""
        totals = accumulate(files[batch] for batch in waiting)
        fitting = sum(1 for _ in takewhile(lambda total: total <= room, totals))
        return waiting[: max(1, min(fitting, self.most or fitting))]

    def _run(self, job: str, wanted: Sequence[str], files: Mapping[str, int], selection: Mapping[str, Any]) -> BatchRun:
        """Run the job for the first of the wanted, and those after it that the same run can do."""
        self.instance.add_dynamic_partitions(str(BATCHES.name), list(wanted))
        at_work = batches_at_work(self.instance, wanted)
        if wanted[0] in at_work:
            return BatchRun(wanted[:1], left=True)
        batches = self._range(wanted, at_work)
        tags = run_tags(batches, _sum(files, batches), self.started_by)
        which: dict[str, Any] = {"partition_key": batches[0]} if len(batches) == 1 else {}
        try:
            seconds = run_in_process(self.definitions, self.instance, job, tags, **which, **selection)
            return BatchRun(batches, seconds=seconds)
        except Exception as error:
            if isinstance(error, PhotoPlatformError) and not isinstance(error, TableError):
                raise
            return BatchRun(batches, failed=first_line(error))

    def _range(self, wanted: Sequence[str], at_work: Collection[str]) -> Sequence[str]:
        """The wanted up to the first that is at work, or that has others before it as batches were registered."""
        known = self.instance.get_dynamic_partitions(str(BATCHES.name))
        pairs = zip(wanted, known[known.index(wanted[0]) :], strict=False)
        return [batch for batch, _ in takewhile(lambda pair: pair[0] == pair[1] and pair[0] not in at_work, pairs)]


def _sum(files: Mapping[str, int], batches: Sequence[str]) -> int:
    return sum(files[batch] for batch in batches)
