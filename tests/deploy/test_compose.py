"""The Compose deployment's files agree with each other, with the settings and with their own specifications.

That they also start is `test_stack.py`, where a Docker engine runs.
"""

import re
import subprocess
import sys
from typing import Any

import pytest
from dagster._core.instance.ref import InstanceRef
from dagster_docker import DockerRunLauncher
from docker.models.containers import _create_container_args

from photo_assets.definitions import ASSETS
from photo_assets.settings import Settings
from tests.deploy.files import (
    COMPOSE,
    DEPLOY,
    ROOT,
    compose,
    dagster_yaml,
    env_lines,
    required_of,
    variables_of,
)

COMPOSE_FILES = sorted(ROOT.glob("docker-compose*.yml"))
SETTINGS = {name.upper() for name in Settings.model_fields}
SERVICES: dict[str, Any] = compose()["services"]
LASTING = sorted(name for name, service in SERVICES.items() if service["restart"] != "no")
PLATFORM = sorted(name for name, service in SERVICES.items() if "photo-assets" in service["image"])
SECRETS = {
    "POSTGRES_PASSWORD",
    "QDRANT_API_KEY",
    "QDRANT_READ_ONLY_API_KEY",
    "INFERENCE_TOKEN",
    "PHOTO_SEARCH_TOKEN",
}


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> DockerRunLauncher:
    """The run launcher that docs/deploy/dagster.yaml describes."""
    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text((DEPLOY / "dagster.yaml").read_text())
    found = InstanceRef.from_dir(str(home)).run_launcher
    assert isinstance(found, DockerRunLauncher)
    return found


def test_the_compose_files_follow_the_compose_specification() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", *COMPOSE_FILES],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_the_example_env_has_every_variable_of_the_compose_files_and_no_other() -> None:
    example = env_lines((ROOT / ".env.example").read_text())
    wanted = set().union(*(variables_of(path.read_text()) for path in COMPOSE_FILES))
    assert set(example) == wanted | {"COMPOSE_PROFILES"}


def test_what_is_required_stands_empty_in_the_example_so_that_nobody_runs_on_a_known_secret() -> None:
    text = COMPOSE.read_text()
    required = required_of(text)
    assert re.findall(rf"\$\{{(?:{'|'.join(required)})(?!:\?)\b[^}}]*", text) == []
    example = env_lines((ROOT / ".env.example").read_text())
    assert required == SECRETS | {"DOCKER_GID", "LIBRARY_FOLDER"}
    assert {name: example[name] for name in required} == dict.fromkeys(required, "")


@pytest.mark.parametrize("name", PLATFORM)
def test_every_variable_that_a_container_of_the_platform_gets_means_something_to_it(name: str) -> None:
    others = {"POSTGRES_PASSWORD", "DOCKER_HOST"}
    given = set(SERVICES[name]["environment"])
    assert {each for each in given - SETTINGS - others if not each.startswith("DAGSTER_")} == set()


def test_a_setting_in_the_example_env_has_its_own_default() -> None:
    example = env_lines((ROOT / ".env.example").read_text())
    fields = {name.upper(): field.default for name, field in Settings.model_fields.items()}
    for name in example.keys() & SETTINGS - SECRETS:
        default = fields[name]
        assert example[name] == (f"{default:g}" if isinstance(default, float) else str(default)), name


def test_dagsters_configuration_loads(launcher: DockerRunLauncher) -> None:
    configured = dagster_yaml()
    assert launcher.networks == ["photos"]
    assert configured["storage"]["postgres"]["postgres_db"]["password"] == {"env": "POSTGRES_PASSWORD"}
    assert configured["telemetry"] == {"enabled": False}


def test_a_run_gets_what_the_code_server_has_and_the_daemon_has_all_of_it(launcher: DockerRunLauncher) -> None:
    passed = set(launcher.env_vars)
    assert passed == set(SERVICES["code-server"]["environment"]) - {"DAGSTER_CURRENT_IMAGE"}
    assert passed <= set(SERVICES["daemon"]["environment"])


def test_docker_takes_the_run_launchers_arguments(launcher: DockerRunLauncher) -> None:
    kwargs = {name: value for name, value in launcher.container_kwargs.items() if name != "stop_timeout"}
    made = _create_container_args(
        {"image": "photo-assets:local", "command": [], "version": "1.41", "network": launcher.networks[0], **kwargs}
    )
    host = made["host_config"]
    assert host["Memory"] == 4 * 1024**3
    assert host["AutoRemove"]
    assert host["LogConfig"]["Type"] == "json-file"


def test_a_run_is_confined_as_the_services_are(launcher: DockerRunLauncher) -> None:
    kwargs, service = launcher.container_kwargs, SERVICES["code-server"]
    for name in ("cap_drop", "security_opt", "read_only", "init", "pids_limit"):
        assert kwargs[name] == service[name], name
    assert kwargs["tmpfs"] == dict(each.split(":") for each in service["tmpfs"])


def test_the_runs_networks_and_volumes_are_those_of_the_compose_file(launcher: DockerRunLauncher) -> None:
    whole = compose()
    assert set(launcher.networks) <= {network["name"] for network in whole["networks"].values()}
    names = {volume["name"]: key for key, volume in whole["volumes"].items()}
    mounts = {f"{names[name]}:{where}" for name, where in (each.split(":", 1) for each in _volumes(launcher))}
    assert mounts <= set(SERVICES["photos"]["volumes"]), "a run is mounted what the command is"


@pytest.mark.parametrize("name", ["search", "photos"])
def test_who_may_need_an_earlier_model_finds_the_weights_that_the_inference_service_fetched(name: str) -> None:
    assert "models:/models:ro" in SERVICES[name]["volumes"]
    assert "models:/models" in SERVICES["inference"]["volumes"]


def test_the_workspace_names_the_code_server_and_its_port() -> None:
    (server,) = re.findall(r"host: (\S+)\n\s+port: (\d+)", (DEPLOY / "workspace.yaml").read_text())
    command = SERVICES[server[0]]["command"]
    assert command[command.index("--port") + 1] == server[1]


def test_a_code_server_without_its_assets_ends_so_that_docker_starts_it_again() -> None:
    server = SERVICES["code-server"]
    # `dagster code-server start` would stay, and say that it is healthy.
    assert server["command"][:3] == ["dagster", "api", "grpc"]
    assert "--lazy-load-user-code" not in server["command"]
    assert server["restart"] == "unless-stopped"


def test_every_pool_of_the_assets_has_its_limit_set_before_anything_runs() -> None:
    (named,) = re.findall(r"for pool in ([a-z ]+);", SERVICES["prepare"]["command"][-1])
    assert set(named.split()) == {str(op.pool) for op in (asset.op for asset in ASSETS) if op.pool}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_can_do_and_take_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert {"mem_limit", "pids_limit", "tmpfs", "logging"} <= set(service)
    assert "max-size" in service["logging"]["options"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_service_is_asked_for_its_health(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


def test_only_the_webserver_and_the_search_can_be_reached_and_only_from_this_host() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"webserver": ["127.0.0.1:3000:3000"], "search": ["127.0.0.1:8766:8766"]}


def test_the_photos_are_mounted_for_reading_only() -> None:
    library = compose()["volumes"]["library"]["driver_opts"]
    assert "ro" in library["o"].split(",")
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", []) if "library:" in mount]
    assert mounts
    assert set(mounts) == {"library:/photos:ro,nocopy"}


def test_the_search_has_no_key_to_write_with() -> None:
    search = SERVICES["search"]
    assert "QDRANT_READ_ONLY_API_KEY" in search["environment"]["QDRANT_API_KEY"]
    assert not {"PHOTO_LEDGER_URL", "POSTGRES_PASSWORD"} & set(search["environment"])
    assert search["volumes"] == ["data:/data:ro", "models:/models:ro"]


def test_only_the_daemon_the_webserver_and_the_proxy_reach_docker() -> None:
    with_socket = {name for name, service in SERVICES.items() if "docker.sock" in str(service.get("volumes"))}
    assert with_socket == {"daemon", "webserver", "socket-proxy"}
    assert {name for name, service in SERVICES.items() if "docker" in service["networks"]} == with_socket
    assert compose()["networks"]["docker"]["internal"] is True


def test_the_image_runs_as_a_user_by_number_and_has_no_weights_in_it() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last_stage = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert {"ARG LIBRARY_UID=1000", "ARG LIBRARY_GID=1000"} <= set(last_stage)
    assert [line for line in last_stage if line.startswith("USER ")] == ["USER ${LIBRARY_UID}:${LIBRARY_GID}"]
    assert (ROOT / ".dockerignore").read_text().splitlines()[-1] == "**/*.safetensors"


def _volumes(launcher: DockerRunLauncher) -> list[str]:
    volumes: list[str] = launcher.container_kwargs["volumes"]
    return volumes
