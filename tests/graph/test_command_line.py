"""The `photos` command and Dagster's own, as a person would type them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from photo_assets.settings import Settings

BIN = Path(sys.executable).parent


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = [str(BIN / command[0]), *command[1:]]
    variables = os.environ | {"COLUMNS": "160", "NO_COLOR": "1"} | environment
    return subprocess.run(program, capture_output=True, text=True, env=variables, timeout=300)


@pytest.fixture
def ingested(settings: Settings, library: Path) -> Settings:
    """A library that the command has ingested."""
    done = run("photos", "ingest")
    assert done.returncode == 0, done.stderr
    assert "8 files: 6 ok, 1 duplicates, 1 failed (1 corrupt), see `photos failures`" in done.stdout
    return settings


def test_a_library_is_ingested_searched_and_told_about(ingested: Settings, tmp_path: Path) -> None:
    assert "nothing new" in run("photos", "ingest").stdout

    status = json.loads(run("photos", "status", "--json").stdout)
    assert status["files"] == status["ok"] + status["failed"] + status["duplicates"] == 8

    (failure,) = json.loads(run("photos", "failures", "--json").stdout)
    assert failure["path"].endswith("broken.jpg") and failure["error_kind"] == "corrupt"
    assert "broken.jpg" in run("photos", "failures").stdout

    hits = json.loads(run("photos", "search", "a red boat", "--json", "--limit", "3", "--html", "found.html").stdout)
    assert len(hits) == 3 and hits[0]["score"] >= hits[1]["score"]
    assert (tmp_path / "found.html").read_text().count("data:image/jpeg;base64,") == 3

    photo = Path(hits[0]["paths"][0])
    by_image = json.loads(run("photos", "search", "--image", str(photo), "--json").stdout)
    assert by_image[0]["paths"] == hits[0]["paths"] and by_image[0]["score"] > 0.999


def test_photos_are_found_by_filters_by_a_photo_and_twice(ingested: Settings) -> None:
    (root,) = ingested.library_roots

    def found(*asked: str) -> list[set[str]]:
        hits = json.loads(run("photos", "search", *asked, "--json").stdout)
        return [{Path(path).name for path in hit["paths"]} for hit in hits]

    assert found("boat", "--folder", str(root / "copies")) == [{"photo-0.jpg", "again.jpg"}]
    assert set().union(*found("boat", "--format", "png")) == {"photo-1.png", "photo-3.png", "photo-5.png"}
    like = found("--like", str(root / "photo-3.png"), "--limit", "6")
    assert len(like) == 5 and {"photo-3.png"} not in like
    assert "LAT,LON,KM" in run("photos", "search", "boat", "--near", "48.1").stderr

    told = json.loads(run("photos", "duplicates", "--json").stdout)
    assert told["without_hash"] == 0
    exact = [group for group in told["groups"] if group["kind"] == "exact"]
    assert [Path(path).name for path in exact[0]["keep"]["paths"]] == ["photo-0.jpg"]
    assert [[Path(path).name for path in copy["paths"]] for copy in exact[0]["others"]] == [["again.jpg"]]
    assert "again.jpg" in run("photos", "duplicates", "--kind", "exact").stdout


def test_dagster_materializes_a_partition_and_a_range_of_them_from_the_shell(ingested: Settings) -> None:
    environment = {"DAGSTER_HOME": run("photos", "dagster-home").stdout.strip(), "PHOTO_BACKFILL_BATCHES": "0"}
    captions = sorted((ingested.photo_data / "tables" / "image_captions").glob("*.parquet"))
    first, last = captions[0].stem, captions[-1].stem
    written = [path.stat().st_mtime_ns for path in captions]
    for selection, *at in (("*", "--partition", first), ("image_captions", "--partition-range", f"{first}...{last}")):
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
        (("photos", "ingest"), {"PHOTO_BATCH_SIZE": "many"}, "PHOTO_BATCH_SIZE"),
        (("photos", "status"), {"QDRANT_URL": "localhost"}, "QDRANT_URL"),
        (("photos", "ingest", "nowhere"), {}, "nowhere"),
        (("photos", "ingest"), {"PHOTO_LIBRARY": ""}, "PHOTO_LIBRARY"),
        (("photos", "search", "boat"), {}, "photos ingest"),
        (("photos", "search"), {}, "TEXT"),
    ],
)
def test_a_mistake_is_one_clear_error(
    settings: Settings, command: tuple[str, ...], environment: dict[str, str], told: str
) -> None:
    done = run(*command, **environment)
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_lists_every_variable_and_no_secret(settings: Settings) -> None:
    done = run("photos", "settings", "--json", QDRANT_API_KEY="canary-1234")
    assert {row["variable"] for row in json.loads(done.stdout)} == {name.upper() for name in Settings.model_fields}
    assert "canary" not in done.stdout
