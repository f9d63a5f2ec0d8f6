"""The `photos` command and Dagster's own, as a person would type them."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from photo_assets import terminal
from photo_assets.cli import main
from photo_assets.definitions import open_resource
from photo_assets.instance import open_instance
from photo_assets.settings import Settings
from photo_assets.steps.scanning import Roots, scan_until_settled
from tests.conftest import fill, settings_below, write_photo

BIN = Path(sys.executable).parent
TERMINAL = {"COLUMNS": "160", "NO_COLOR": "1"}

Ran = subprocess.CompletedProcess


def run(*command: str, **environment: str) -> Ran:
    """A command as a process, which has to import all that it needs."""
    program = [str(BIN / command[0]), *command[1:]]
    return subprocess.run(program, capture_output=True, text=True, env=os.environ | TERMINAL | environment, timeout=300)


def photos(*arguments: str, **environment: str) -> Ran:
    """The same of the `photos` command in this process, which has imported it and keeps its models."""
    out, err, code = io.StringIO(), io.StringIO(), None
    variables, given = patch.dict(os.environ, TERMINAL | environment), patch.object(sys, "argv", ["photos", *arguments])
    wide = patch.object(terminal.out, "_width", int(TERMINAL["COLUMNS"]))  # it has found one of its own by now
    with variables, given, wide, redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    return Ran(arguments, int(code or 0), out.getvalue(), err.getvalue())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library that the command has ingested, for tests that change nothing in it."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        fill(settings_below(folder, patch).library_roots[0])
        done = run("photos", "ingest")
    assert done.returncode == 0, done.stderr
    assert "8 files: 6 ok, 1 duplicates, 1 failed (1 corrupt), see `photos failures`" in done.stdout
    return folder


@pytest.fixture
def ingested(home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return settings_below(home, monkeypatch)


def test_a_library_is_ingested_searched_and_told_about(ingested: Settings, home: Path) -> None:
    assert "nothing new" in photos("ingest").stdout

    status = json.loads(photos("status", "--json").stdout)
    assert status["files"] == status["ok"] + status["failed"] + status["duplicates"] == 8

    (failure,) = json.loads(photos("failures", "--json").stdout)
    assert failure["path"].endswith("broken.jpg") and failure["error_kind"] == "corrupt"
    assert "broken.jpg" in photos("failures").stdout

    hits = json.loads(run("photos", "search", "a red boat", "--json", "--limit", "3", "--html", "found.html").stdout)
    assert len(hits) == 3 and hits[0]["score"] >= hits[1]["score"]
    assert (home / "found.html").read_text().count("data:image/jpeg;base64,") == 3

    photo = Path(hits[0]["paths"][0])
    by_image = json.loads(photos("search", "--image", str(photo), "--json").stdout)
    assert by_image[0]["paths"] == hits[0]["paths"] and by_image[0]["score"] > 0.999


def test_status_tells_of_a_batch_whose_run_a_person_has_ended(settings: Settings) -> None:
    write_photo(settings.library_roots[0] / "1.jpg", seed=1)
    roots = Roots(settings.library_roots, settings.photo_data)
    with open_resource(settings, "library").ledger() as ledger:
        scan_until_settled(ledger, roots, 4)
        (batch,) = ledger.planned_batches()
    assert "by hand" not in photos("status").stderr
    with open_instance(settings) as instance:
        partition, canceled = {"dagster/partition": batch}, dg.DagsterRunStatus.CANCELED
        create_run_for_test(instance, "ingest_batch", tags=partition, status=canceled)

    assert f"warning: ended by hand, and so not asked for again: {batch}." in photos("status").stderr
    assert json.loads(photos("status", "--json").stdout)["ended_by_hand"] == [batch]


def test_a_folder_that_is_gone_is_given_up_by_the_command_that_the_warning_names(settings: Settings) -> None:
    (root,) = settings.library_roots
    write_photo(root / "1.jpg", seed=1)
    with open_resource(settings, "library").ledger() as ledger:
        scan_until_settled(ledger, Roots([root], settings.photo_data), 4)
    root.rename(root.with_name("gone"))
    assert "Mount it" in photos("ingest").stderr
    assert f"`photos library confirm-missing {root}`" in photos("status").stderr

    assert photos("library", "confirm-missing", str(root)).stdout == "1 files are missing now\n"

    status = json.loads(photos("status", "--json").stdout)
    assert (status["missing"], status["held"]) == (1, {})


def test_photos_are_found_by_filters_by_a_photo_and_twice(ingested: Settings) -> None:
    (root,) = ingested.library_roots

    def found(*asked: str) -> list[set[str]]:
        hits = json.loads(photos("search", *asked, "--json").stdout)
        return [{Path(path).name for path in hit["paths"]} for hit in hits]

    assert found("boat", "--folder", str(root / "copies")) == [{"photo-0.jpg", "again.jpg"}]
    assert set().union(*found("boat", "--format", "png")) == {"photo-1.png", "photo-3.png", "photo-5.png"}
    like = found("--like", str(root / "photo-3.png"), "--limit", "6")
    assert len(like) == 5 and {"photo-3.png"} not in like
    assert "LAT,LON,KM" in photos("search", "boat", "--near", "48.1").stderr

    told = json.loads(photos("duplicates", "--json").stdout)
    assert told["without_hash"] == 0
    exact = [group for group in told["groups"] if group["kind"] == "exact"]
    assert [Path(path).name for path in exact[0]["keep"]["paths"]] == ["photo-0.jpg"]
    assert [[Path(path).name for path in copy["paths"]] for copy in exact[0]["others"]] == [["again.jpg"]]
    assert "again.jpg" in photos("duplicates", "--kind", "exact").stdout


def test_dagster_materializes_a_partition_and_a_range_of_them_from_the_shell(ingested: Settings) -> None:
    environment = {"DAGSTER_HOME": photos("dagster-home").stdout.strip(), "PHOTO_BACKFILL_BATCHES": "0"}
    captions = sorted((ingested.photo_data / "tables" / "image_captions").glob("*.parquet"))
    first, last = captions[0].stem, captions[-1].stem
    written = [path.stat().st_mtime_ns for path in captions]
    for selection, *at in (
        ("*collection_points", "--partition", first),
        ("image_captions", "--partition-range", f"{first}...{last}"),
    ):
        what = ("--select", selection, *at, "-m", "photo_assets.definitions")
        done = run("dagster", "asset", "materialize", *what, **environment)
        assert done.returncode == 0, done.stderr[-2000:]
    assert all(path.stat().st_mtime_ns > before for path, before in zip(captions, written, strict=True))
    assert len(captions) == 2


def test_the_workspace_is_valid(settings: Settings) -> None:
    workspace = Path(__file__).parents[2] / "workspace.yaml"
    done = run("dagster", "definitions", "validate", "-w", str(workspace))
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    ("command", "environment", "told"),
    [
        (("ingest",), {"PHOTO_BATCH_SIZE": "many"}, "PHOTO_BATCH_SIZE"),
        (("status",), {"QDRANT_URL": "localhost"}, "QDRANT_URL"),
        (("ingest", "nowhere"), {}, "nowhere"),
        (("ingest",), {"PHOTO_LIBRARY": ""}, "PHOTO_LIBRARY"),
        (("search", "boat"), {}, "photos ingest"),
        (("search",), {}, "TEXT"),
    ],
)
def test_a_mistake_is_one_clear_error(
    settings: Settings, command: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    done = photos(*command, **environment)
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_ends_the_process_too(settings: Settings) -> None:
    done = run("photos", "ingest", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.lstrip().startswith("error: ") and "nowhere" in done.stderr and "Traceback" not in done.stderr


def test_settings_lists_every_variable_and_no_secret(settings: Settings) -> None:
    done = photos("settings", "--json", QDRANT_API_KEY="canary-1234")
    assert {row["variable"] for row in json.loads(done.stdout)} == {name.upper() for name in Settings.model_fields}
    assert "canary" not in done.stdout
