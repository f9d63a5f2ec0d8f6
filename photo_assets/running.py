"""Dagster runs in this process, for the commands that do their work themselves."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError

# Dagster's own console log would bury the progress bar.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

DIFFERS = (
    "the collection is not what ledger and tables say; `photos collection repair --plan` lists what differs, and "
    "`photos collection repair` puts it right without inference"
)


def describe_collection(
    definitions: dg.Definitions, instance: dg.DagsterInstance, tags: Mapping[str, str]
) -> tuple[dict[str, float], str]:
    """Let the collection follow and be compared: the seconds of the steps, and in words what is wrong, if anything."""
    try:
        return run_in_process(definitions, instance, "describe_collection", tags), ""
    except DagsterAssetCheckFailedError:
        return {}, DIFFERS


def run_in_process(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, tags: Mapping[str, str], **run: Any
) -> dict[str, float]:
    """Run a job and return the seconds of each of its steps; raises what made it fail."""
    job_def = definitions.resolve_job_def(job)
    try:
        result = job_def.execute_in_process(instance=instance, run_config=QUIET, tags=dict(tags), **run)
    except dg.DagsterUserCodeExecutionError as error:  # a resource's error comes wrapped, a step's does not
        raise error.user_exception from error
    steps = instance.get_run_step_stats(result.run_id)
    return {step.step_key: step.end_time - step.start_time for step in steps if step.start_time and step.end_time}
