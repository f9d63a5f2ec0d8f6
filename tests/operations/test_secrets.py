"""No secret is told to anybody: not by what is stored, not by what is shown, not by what goes wrong."""

import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as parquet
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from photo_assets import cli
from photo_assets.definitions import build_defs, build_resources, open_resource
from photo_assets.instance import open_instance
from photo_assets.search.service.app import build_app as search_app
from photo_assets.search.service.library import Library
from photo_assets.search.service.page import COOKIE, LOGIN, OPEN_PATHS
from photo_assets.settings import Settings, SettingsError, load_settings
from resources.errors import PhotoPlatformError
from resources.inference.client import RemoteEngine
from resources.inference.patience import Patience
from resources.inference.service.app import build_app as inference_app
from resources.inference.service.limits import Limits
from resources.inference.service.serving import Serving
from resources.vectors.retries import RetryPolicy
from resources.vectors.server import ServerIndex
from resources.web.access import Access
from resources.web.limits import RequestLimits

from ..inference.services import FakeEngine
from .conftest import CANARY, Lived

# A port of this machine that nobody listens on.
NOBODY = "127.0.0.1:1"
INSECURE = "ignore:Api key is used with an insecure connection"


def stored_bytes(folder: Path) -> dict[Path, bytes]:
    """Every file, tables as the text of their rows: Parquet files are compressed."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path: told_by_table(path) if path.suffix == ".parquet" else path.read_bytes() for path in paths}


def told_by_table(path: Path) -> bytes:
    table = parquet.read_table(path)
    return f"{table.schema.metadata}{table.to_pylist()}".encode()


def with_canary(stored: dict[Path, bytes]) -> list[Path]:
    return [path for path, content in stored.items() if CANARY.encode() in content]


def test_nothing_that_an_ingest_or_a_backup_stores_has_a_secret_in_it(lived: Lived, backup: Path) -> None:
    stored = stored_bytes(lived.folder) | stored_bytes(backup / "backups")
    with open_resource(lived.settings, "vectors").index() as index:
        points = list(index.scroll(index.active_version() or ""))
    assert len(points) == 3 and CANARY not in str(points)
    assert with_canary(stored) == []
    seen = b"".join(stored.values())
    for control in (b"small-clip", b"collection_points", b"ASSET_MATERIALIZATION", b'"settings"'):
        assert control in seen, "events, tables and the backup's manifest were read"


def test_no_event_of_a_run_that_fails_for_its_ledger_has_a_secret_in_it(
    lived: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTO_LEDGER_URL", f"postgresql://photos:{CANARY}@{NOBODY}/photos")
    monkeypatch.setenv("INFERENCE_URL", f"http://{NOBODY}")
    with open_instance(lived.settings) as instance:
        job = build_defs(load_settings()).resolve_job_def("scan_library")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        events = instance.all_logs(result.run_id)
    assert not result.success
    assert "Connection refused" in str(events) and CANARY not in str(events)
    assert with_canary(stored_bytes(lived.folder / "dagster")) == []


@pytest.mark.filterwarnings(INSECURE)
def test_settings_resources_and_what_they_open_show_no_secret(lived: Lived) -> None:
    settings = lived.settings
    assert {value for name in lived.secrets if (value := secret(settings, name))} == set(lived.secrets.values())
    opened = [open_resource(settings, name) for name in ("library", "inference", "vectors")]
    assert any(CANARY in str(vars(resource)) for resource in opened), "they do have them"
    remote, served = RemoteEngine(f"http://{NOBODY}", CANARY), ServerIndex(f"http://{NOBODY}", CANARY)
    access = Access(CANARY, "PHOTO_SEARCH_TOKEN", [])
    shown = [settings, *build_resources(settings).values(), *opened, remote, served, access, build_defs(settings)]
    for each in shown:
        assert CANARY not in f"{each!r} {each!s}", type(each)
    assert CANARY not in settings.model_dump_json() + str(settings.model_dump())


def secret(settings: Settings, name: str) -> str:
    value = getattr(settings, name.lower())
    assert isinstance(value, SecretStr)
    return value.get_secret_value()


WRONG = {
    "PHOTO_LEDGER_URL": [f"mysql://photos:{CANARY}@db/x", f"postgresql://photos:{CANARY}@a@b/x", CANARY],
    "QDRANT_URL": [f"http://photos:{CANARY}@db:6333", f"ftp://photos:{CANARY}@db"],
    "INFERENCE_URL": [f"https://{CANARY}@gpu"],
    "INFERENCE_TOKEN": [f"{CANARY} with a space", f"{CANARY}ü"],
    "PHOTO_SEARCH_TOKEN": [f"{CANARY}\n"],
}


@pytest.mark.parametrize(("variable", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_of_a_secret_is_refused_without_showing_it(
    lived: Lived, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert variable in str(refused.value)
    assert CANARY not in "".join(traceback.format_exception(refused.value))


@pytest.mark.filterwarnings(INSECURE)
def test_the_errors_of_servers_that_are_not_there_show_no_secret(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTO_LEDGER_URL", f"postgresql://{CANARY}:{CANARY}@{NOBODY}/photos?password={CANARY}")
    nobody, at_once = f"http://{NOBODY}", RetryPolicy(attempts=1)
    calls: list[Callable[[], Any]] = [
        lambda: open_resource(load_settings(), "library").ledger(),
        lambda: RemoteEngine(nobody, CANARY, Patience(unreachable_s=0)).ready(),
        lambda: ServerIndex(nobody, CANARY, policy=at_once).versions(),
    ]
    for call in calls:
        with pytest.raises(PhotoPlatformError) as failed:
            call()
        told = "".join(traceback.format_exception(failed.value))
        assert NOBODY in told and CANARY not in told


@pytest.mark.parametrize("command", [["settings"], ["settings", "--json"], ["status"], ["failures"], ["--help"]])
def test_no_command_shows_a_secret(
    lived: Lived, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["photos", *command])
    try:
        cli.main()
    except SystemExit as end:
        assert not end.code
    told = capsys.readouterr()
    assert told.out and CANARY not in told.out + told.err


PATHS = ["/", "/docs", "/openapi.json", "/health", "/metrics", "/search", "/login", "/nowhere", "/embed_text"]


@pytest.fixture(params=["search", "inference"])
def service(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """Each service with a token, its insides broken."""
    serving = Serving(FakeEngine(), Limits(), on_loss=print)
    access = Access(CANARY, "ITS_TOKEN", [], OPEN_PATHS, COOKIE, LOGIN)
    broken = Library(None, FakeEngine(), None, None)  # type: ignore[arg-type]
    app = search_app(broken, access, RequestLimits()) if request.param == "search" else inference_app(serving, access)
    with TestClient(app, "http://localhost", raise_server_exceptions=False, follow_redirects=False) as http:
        yield http
    serving.close()


def test_no_answer_and_no_log_of_a_service_has_its_token(service: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "uvicorn")
    known = {"Authorization": f"Bearer {CANARY}"}
    statuses = set()
    for headers in ({}, known, {"Authorization": "Bearer wrong"}):
        for path in PATHS:
            for method in ("GET", "POST"):
                answer = service.request(method, path, headers=headers)
                statuses.add(answer.status_code)
                assert CANARY not in f"{answer.text}{answer.headers}", path
    assert {200, 401, 404} <= statuses
    assert CANARY not in caplog.text


def test_the_url_of_a_ledger_reaches_dagster_by_its_name(lived: Lived) -> None:
    library = build_resources(lived.settings)["library"]
    expected = dg.EnvVar("PHOTO_LEDGER_URL") if "PHOTO_LEDGER_URL" in lived.secrets else ""
    assert library.ledger_url == expected
