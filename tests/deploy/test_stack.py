"""The deployment really starts, by `verify.py`: where an engine runs, its images are built and it is asked for."""

import os

import pytest

from tests.deploy import verify
from tests.deploy.stack import missing


def test_the_deployment_starts_and_loses_nothing_when_runs_are_killed_and_everything_is_taken_down() -> None:
    if not os.environ.get("VERIFY_DEPLOYMENT"):
        pytest.skip("takes half an hour and a Docker engine; VERIFY_DEPLOYMENT=1 runs it")
    if reason := missing():
        pytest.skip(reason)
    verify.main()
