"""The files of the deployment past one host agree with those of one host, and its launcher notices a lost worker."""

import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from celery.app.defaults import DEFAULTS
from dagster import DagsterRun
from dagster._core.instance.ref import InstanceRef
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher

from photo_assets.celery_launcher import WatchedCeleryRunLauncher
from photo_assets.celery_worker import app
from photo_assets.definitions import ASSETS, defs
from photo_assets.settings import Settings
from tests.deploy.files import CELERY, DEPLOY, celery, compose, dagster_yaml, required_of

OVERRIDE: dict[str, Any] = celery()["services"]
BASE: dict[str, Any] = compose()["services"]
SETTINGS = {name.upper() for name in Settings.model_fields}
WORKERS = ["worker", "worker-gpu"]
URL = "redis://:word@127.0.0.1:1/0"
DAY_S = 86_400


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> WatchedCeleryRunLauncher:
    """The run launcher that docs/deploy/dagster.celery.yaml describes."""
    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text((DEPLOY / "dagster.celery.yaml").read_text())
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PHOTO_CELERY_URL", URL)
        found = InstanceRef.from_dir(str(home)).run_launcher
    assert isinstance(found, WatchedCeleryRunLauncher)
    return found


def test_the_override_follows_the_compose_specification() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", CELERY],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_what_it_overrides_is_there_and_what_it_requires_has_no_default() -> None:
    assert set(OVERRIDE) - set(BASE) == {"redis", *WORKERS}
    assert required_of(CELERY.read_text()) == {"REDIS_PASSWORD", "HEAD_ADDRESS", "SHARED_FOLDER"}


def test_dagster_is_configured_as_on_one_host_but_for_who_runs_what_and_how_long_a_run_may_wait() -> None:
    here, past = dagster_yaml(), dagster_yaml("dagster.celery.yaml")
    changed = {"run_launcher", "concurrency", "run_monitoring"}
    assert {name for name in here | past if here.get(name) != past.get(name)} == changed
    assert here["concurrency"]["pools"] == past["concurrency"]["pools"]
    waiting = {"start_timeout_seconds": DAY_S}
    assert past["run_monitoring"] == here["run_monitoring"] | waiting, "it waits in Redis until a worker is free"


def test_a_worker_takes_no_run_that_another_worker_could_begin() -> None:
    assert "worker_disable_prefetch" in DEFAULTS, "this Celery does not know it"
    assert app.conf.worker_disable_prefetch


def test_runs_are_handed_out_through_the_redis_of_the_settings(launcher: WatchedCeleryRunLauncher) -> None:
    assert (launcher.broker, launcher.backend) == (URL, URL)


@pytest.mark.parametrize("name", sorted(set(OVERRIDE) - {"redis"}))
def test_every_variable_means_something_to_the_platform(name: str) -> None:
    assert set(OVERRIDE[name].get("environment", {})) <= SETTINGS


@pytest.mark.parametrize("name", ["prepare", "code-server", "daemon", "webserver", "photos", *WORKERS])
def test_whatever_asks_dagster_reads_the_same_configuration(name: str) -> None:
    assert "./docs/deploy/dagster.celery.yaml:/dagster/dagster.yaml:ro" in OVERRIDE[name]["volumes"]


@pytest.mark.parametrize("name", ["daemon", "webserver", *WORKERS])
def test_who_starts_ends_and_does_runs_knows_the_redis(name: str) -> None:
    assert "${REDIS_PASSWORD" in OVERRIDE[name]["environment"]["PHOTO_CELERY_URL"]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_is_confined_as_the_code_server_does_one_run_and_serves_the_queues_there_are(
    name: str, launcher: WatchedCeleryRunLauncher
) -> None:
    worker = OVERRIDE[name]
    assert worker["extends"] == {"file": "docker-compose.yml", "service": "code-server"}
    assert "--concurrency=1" in worker["command"]
    (served,) = re.findall(r"--queues=\$\{WORKER_QUEUES:-([a-z,]+)\}", " ".join(worker["command"]))
    tagged = {job.tags.get("dagster-celery/queue") for job in defs.resolve_all_job_defs()} - {None}
    assert set(served.split(",")) == {launcher.default_queue} | tagged


def test_a_worker_with_a_gpu_has_the_build_of_torch_that_the_inference_service_with_one_has() -> None:
    of_service, of_worker = BASE["inference-gpu"], OVERRIDE["worker-gpu"]
    assert of_worker["image"] == of_service["image"]
    assert of_worker["build"]["args"] == {"TORCH_INDEX": of_service["build"]["args"]["TORCH_INDEX"]}


def test_every_model_setting_of_the_inference_service_reaches_the_workers() -> None:
    asked = {name for name in BASE["inference"]["environment"] if re.search("MODEL|BACKEND|DTYPE|BEAMS", name)}
    assert asked <= set(OVERRIDE["worker"]["environment"]) | set(BASE["code-server"]["environment"])


@pytest.mark.parametrize("job", [job for job in defs.resolve_all_job_defs() if not job.name.startswith("__")])
def test_a_run_that_may_ask_a_model_goes_where_one_is(job: Any) -> None:
    needs_none = job.tags.get("dagster-celery/queue") == "cpu"
    assert needs_none == (job.name not in ("ingest_batch", "retry_captions"))


def test_every_pool_of_the_assets_has_its_limit_set_and_the_collection_one_writer() -> None:
    command = OVERRIDE["prepare"]["command"][-1]
    limits = {
        pool: int(limit)
        for pools, limit in re.findall(r'for pool in ([a-z ]+); do .* "\$\$pool" (\d+); done', command)
        for pool in pools.split()
    }
    assert set(limits) == {str(asset.op.pool) for asset in ASSETS if asset.op.pool}
    assert limits["collection"] == 1
    assert limits["device"] == dagster_yaml("dagster.celery.yaml")["concurrency"]["runs"]["max_concurrent_runs"]


def test_what_is_published_is_published_to_the_other_machines_alone() -> None:
    published = [port for service in OVERRIDE.values() for port in service.get("ports", [])]
    assert len(published) == 4
    assert all(port.startswith("${HEAD_ADDRESS:?") for port in published)
    assert OVERRIDE["redis"]["cap_drop"] == ["ALL"]
    assert OVERRIDE["redis"]["read_only"] is True


def _health(
    launcher: WatchedCeleryRunLauncher, monkeypatch: pytest.MonkeyPatch, said: WorkerStatus, answer: Mapping[str, Any]
) -> WorkerStatus:
    """What the launcher says of a run that dagster-celery says `said` of, when its worker answers so."""

    class Inspect:
        def query_task(self, task: str) -> Mapping[str, Any] | None:
            assert task == "task-1"
            return answer or None

    monkeypatch.setattr(CeleryRunLauncher, "check_run_worker_health", lambda *_: CheckRunHealthResult(said))
    result = type("Result", (), {"info": {"hostname": "celery@far", "pid": 7}})
    monkeypatch.setattr(launcher.celery, "AsyncResult", lambda _: result)
    monkeypatch.setattr(launcher.celery.control, "inspect", lambda *_, **__: Inspect())
    run = DagsterRun("ingest_batch", tags={"dagster-celery/task_id": "task-1"})
    return launcher.check_run_worker_health(run).status


@pytest.mark.parametrize(
    ("said", "answer", "expected"),
    [
        (WorkerStatus.RUNNING, {"celery@far": {"task-1": ["active", {}]}}, WorkerStatus.RUNNING),
        (WorkerStatus.RUNNING, {}, WorkerStatus.NOT_FOUND),
        (WorkerStatus.RUNNING, {"celery@far": {}}, WorkerStatus.NOT_FOUND),
        (WorkerStatus.FAILED, {}, WorkerStatus.FAILED),
    ],
    ids=["its worker is at it", "its machine is gone", "its worker was started again", "it failed"],
)
def test_a_run_is_at_work_only_where_its_worker_says_so(
    launcher: WatchedCeleryRunLauncher,
    monkeypatch: pytest.MonkeyPatch,
    said: WorkerStatus,
    answer: Mapping[str, Any],
    expected: WorkerStatus,
) -> None:
    assert _health(launcher, monkeypatch, said, answer) == expected
