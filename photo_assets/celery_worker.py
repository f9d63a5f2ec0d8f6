"""The Celery app of the workers that runs are handed to, where runs go past one host: dagster-celery's own, connected.

    celery --app photo_assets.celery_worker worker --concurrency 1 --queues gpu,cpu

What belongs here: what a worker's processes need before their first run. Which run goes to which queue is `jobs.py`,
how runs are handed out docs/deploy/dagster.celery.yaml.
"""

import multiprocessing.process
from typing import Any

from celery.signals import worker_process_init
from dagster_celery.app import app

from photo_assets.settings import load_settings

# As it is before Celery puts its own in place in the processes that it forks.
_MAIN_PROCESS = multiprocessing.process.current_process()

app.conf.broker_url = app.conf.result_backend = load_settings().photo_celery_url.get_secret_value()
# Dagster asks by the result whether a run is still at work; one of a backfill may take days.
app.conf.result_expires = 7 * 86_400
# A run is taken when it can begin. Otherwise each worker reserves one more as soon as a run has begun, whatever the
# prefetch multiplier: that one would wait behind it while other workers have nothing to do.
app.conf.worker_disable_prefetch = True


@worker_process_init.connect
def _may_have_children(**_: Any) -> None:
    """Let runs start decoding processes: Celery's own are daemons, which multiprocessing forbids to have any."""
    multiprocessing.process._current_process = _MAIN_PROCESS  # type: ignore[attr-defined]
