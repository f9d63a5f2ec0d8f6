"""Every setting of the platform reaches whom it concerns: a new one that a list forgets would be set and do nothing.

The lists are `x-run` and the services of docker-compose.yml, `env_vars` of docs/deploy/dagster.yaml, .env.example, and
docker-compose.celery.yml. What is compared here are the first and the last; that the other two say the same as the
first is test_compose.py.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from photo_assets.definitions import build_defs
from photo_assets.settings import Settings
from tests.deploy.files import celery, compose

BASE: dict[str, Any] = compose()["services"]
OVERRIDE: dict[str, Any] = celery()["services"]

# What .env cannot set, because the deployment has decided it.
DECIDED = {
    "PHOTO_DATA": "a volume, at the image's place for it",
    "PHOTO_INFERENCE_PORT": "the others ask at this one",
    "PHOTO_SERVE_PORT": "this one is published",
    "PHOTO_SERVE_ORIGINALS": "the search has no photos",
    "PHOTO_INFERENCE_GRAPHS": "a path: below PHOTO_DATA",
    "PHOTO_SNAPSHOTS": "a path: below PHOTO_DATA",
    "PHOTO_COMPARISON_QUERIES": "a path, and nothing is mounted there",
}


@pytest.fixture(scope="module")
def read() -> Iterator[set[str]]:
    """The settings that the code server and each run read, when they load the platform."""
    names: set[str] = set()

    class Recorded(Settings):
        def __getattribute__(self, name: str) -> Any:
            if name in Settings.model_fields:
                names.add(name.upper())
            return super().__getattribute__(name)

    build_defs(Recorded())
    yield names


def given(service: str) -> set[str]:
    """The variables that a service of docker-compose.yml has."""
    return set(BASE[service]["environment"])


def test_every_setting_reaches_a_service_or_has_a_reason_why_not() -> None:
    reached = set().union(*(service.get("environment", {}) for service in [*BASE.values(), *OVERRIDE.values()]))
    settings = {name.upper() for name in Settings.model_fields}
    assert settings - reached == set(DECIDED)


def test_what_a_run_reads_it_has_unless_the_inference_service_has_it_instead(read: set[str]) -> None:
    assert {"PHOTO_LIBRARY", "QDRANT_URL", "PHOTO_CLIP_MODEL"} <= read
    cluster = set(OVERRIDE["code-server"]["environment"])  # one Qdrant has no use for it
    assert read - DECIDED.keys() - cluster - given("inference") <= given("code-server")


def test_a_celery_worker_has_all_that_a_run_reads_and_the_models_too(read: set[str]) -> None:
    # It extends the code server.
    assert read - DECIDED.keys() <= given("code-server") | set(OVERRIDE["worker"]["environment"])


def test_whatever_the_platform_runs_says_how_it_logs() -> None:
    tells = {name for name, service in BASE.items() if "PHOTO_LOG_FORMAT" in service.get("environment", {})}
    assert {"inference", "inference-gpu", "search", "prepare", "photos"} <= tells
