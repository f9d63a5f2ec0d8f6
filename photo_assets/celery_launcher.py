"""Dagster's launcher of runs on Celery workers, and how it learns that a worker's machine is gone.

What belongs here: that one answer. Celery keeps a task of a machine that was switched off "started" for ever, and
dagster-celery believes it: the run would never end, and its batch would wait with it.
"""

from dagster import DagsterRun
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

# A worker answers in milliseconds, also while its process is at a run; the network and a busy machine may take long.
PATIENCE_S = 30.0


class WatchedCeleryRunLauncher(CeleryRunLauncher):
    """CeleryRunLauncher whose runs fail when the worker that took them is not at them any more."""

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """As dagster-celery's, but a run is at work only where its worker says so."""
        health = super().check_run_worker_health(run)
        if health.status != WorkerStatus.RUNNING:
            return health
        task = run.tags[DAGSTER_CELERY_TASK_ID_TAG]
        worker = self._worker_of(task)
        if worker is None or self._is_at(worker, task):
            return health
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"the Celery worker {worker} is not at it any more")

    def _worker_of(self, task: str) -> str | None:
        """The worker that took it; None where it has ended meanwhile."""
        told = self.celery.AsyncResult(task).info
        return told.get("hostname") if isinstance(told, dict) else None

    def _is_at(self, worker: str, task: str) -> bool:
        # Asked for the task: a worker that was started again under its name has lost it.
        answers = self.celery.control.inspect([worker], timeout=PATIENCE_S, limit=1).query_task(task)
        return task in (answers or {}).get(worker, {})
