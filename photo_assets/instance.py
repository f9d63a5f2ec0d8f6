"""The Dagster instance of this library: where runs and events are kept, and how many run at once.

DAGSTER_HOME is honoured where it is set; otherwise the home lies below PHOTO_DATA, made with a dagster.yaml of our own.
"""

import os
from pathlib import Path

import dagster as dg

from photo_assets.settings import Settings
from photo_assets.state_folder import make_state_folder

DAGSTER_YAML = """\
# Written once; change it as you like.
telemetry:
  enabled: false
nux:
  enabled: false
storage:
  custom:
    # Dagster's own files; the one that all runs share is kept open.
    module: photo_assets.run_history
    class: KeptOpenStorage
    config:
      base_dir:
        env: DAGSTER_HOME
concurrency:
  pools:
    # One run at a time on the device, on the embedded collection, and in the decoding processes.
    granularity: op
    default_limit: 1
  runs:
    max_concurrent_runs: 2
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    # The queue is looked at so often; Dagster's own 5 s are long beside a small batch.
    dequeue_interval_seconds: 1
run_monitoring:
  enabled: true
  # Otherwise a run that was killed holds its place in a pool for ever.
  free_slots_after_run_end_seconds: 60
sensors:
  # Otherwise one slow tick stops every other sensor.
  use_threads: true
  num_workers: 4
"""


def dagster_home(settings: Settings) -> Path:
    """The instance's folder, made with its dagster.yaml if absent, and exported as DAGSTER_HOME."""
    make_state_folder(settings.photo_data)
    home = Path(os.environ.get("DAGSTER_HOME") or settings.photo_data / "dagster").absolute()
    home.mkdir(parents=True, exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text(DAGSTER_YAML)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance in `dagster_home`; opening it initialises its storage."""
    dagster_home(settings)
    return dg.DagsterInstance.get()
