"""Runs on Celery workers, one of them killed, by `verify_celery.py`: where it can be tried and is asked for."""

import os
import subprocess
import sys

import pytest

from tests.deploy.cluster import missing
from tests.deploy.files import ROOT


def test_a_worker_that_is_killed_with_a_run_loses_and_doubles_no_photo() -> None:
    if not os.environ.get("VERIFY_DEPLOYMENT"):
        pytest.skip("takes a quarter of an hour, root, Redis and PostgreSQL; VERIFY_DEPLOYMENT=1 runs it")
    if reason := missing():
        pytest.skip(reason)
    tried = [sys.executable, "-m", "tests.deploy.verify_celery", "--photos", "240", "--warming", "0"]
    assert subprocess.run(tried, cwd=ROOT).returncode == 0
