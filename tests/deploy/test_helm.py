"""docs/deploy/helm-values.yaml as far as it can be judged without a cluster and without the chart."""

import re
from typing import Any

import pytest
import yaml
from dagster import DagsterRun
from dagster._config import process_config, resolve_to_config_type
from dagster_k8s.container_context import K8sContainerContext
from dagster_k8s.job import UserDefinedDagsterK8sConfig
from dagster_k8s.launcher import K8sRunLauncher

from photo_assets.run_tags import NEEDS_NO_GPU
from photo_assets.settings import Settings
from tests.deploy.files import DEPLOY, ROOT


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "helm-values.yaml").read_text())
    return loaded


@pytest.fixture(scope="module")
def job(values: dict[str, Any]) -> dict[str, Any]:
    """What a run's job is told, in the words of the run launcher's own schema."""
    told: dict[str, Any] = values["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]
    return {
        "container_config": told["containerConfig"],
        "pod_spec_config": told["podSpecConfig"],
        "job_spec_config": told["jobSpecConfig"],
    }


def test_the_run_launcher_takes_it_and_every_field_is_one_that_kubernetes_knows(job: dict[str, Any]) -> None:
    config = {"service_account_name": "any", "instance_config_map": "any", "run_k8s_config": job}
    judged = process_config(resolve_to_config_type(K8sRunLauncher.config_type()), config)
    assert judged.success, judged.errors
    taken = UserDefinedDagsterK8sConfig.from_dict(judged.value["run_k8s_config"])
    assert taken.container_config["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert taken.pod_spec_config["tolerations"][0]["key"] == "nvidia.com/gpu"


def test_the_code_servers_variables_are_settings_and_its_mounts_are_its_volumes(values: dict[str, Any]) -> None:
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    assert {each["name"].lower() for each in deployment["env"]} <= set(Settings.model_fields)
    assert {each["name"] for each in deployment["volumeMounts"]} == {each["name"] for each in deployment["volumes"]}
    assert deployment["includeConfigInLaunchedRuns"] == {"enabled": True}


def test_the_photos_are_mounted_for_reading_only_and_no_secret_stands_in_it(values: dict[str, Any]) -> None:
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    (library,) = (mount for mount in deployment["volumeMounts"] if mount["name"] == "library")
    assert library["readOnly"] is True
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert not secret & {each["name"].lower() for each in deployment["env"]}


def test_a_run_that_asks_no_model_asks_for_no_gpu_and_for_all_the_rest(job: dict[str, Any]) -> None:
    told = K8sContainerContext(run_k8s_config=UserDefinedDagsterK8sConfig.from_dict(job))
    run = DagsterRun("describe_collection", tags=NEEDS_NO_GPU)
    merged = told.merge(K8sContainerContext.create_for_run(run, None, include_run_tags=True)).run_k8s_config
    limits = job["container_config"]["resources"]["limits"]
    assert merged.container_config["resources"]["limits"] == limits | {"nvidia.com/gpu": "0"}
    assert "node_selector" not in merged.pod_spec_config, "it would wait for a node with a GPU"


def test_the_code_server_names_no_resources_which_would_take_the_place_of_its_runs(values: dict[str, Any]) -> None:
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    assert "resources" not in deployment


def test_what_is_mounted_for_writing_belongs_to_the_group_of_the_images_user(
    values: dict[str, Any], job: dict[str, Any]
) -> None:
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    (group,) = re.findall(r"^ARG LIBRARY_GID=(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert deployment["podSecurityContext"] == job["pod_spec_config"]["securityContext"] == {"fsGroup": int(group)}


def test_a_run_may_wait_a_day_for_a_gpu(values: dict[str, Any]) -> None:
    assert values["dagsterDaemon"]["runMonitoring"]["startTimeoutSeconds"] == 86_400
