"""docs/deploy/make-env.sh: an .env that lacks nothing but the group of a Docker that is not there."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values

from tests.deploy.files import COMPOSE, DEPLOY, ROOT, required_of
from tests.deploy.test_compose import SECRETS


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script in a folder of its own, beside the example."""
    deploy = tmp_path / "checkout" / "docs" / "deploy"
    shutil.copytree(DEPLOY, deploy)
    shutil.copy(ROOT / ".env.example", tmp_path / "checkout")
    return deploy / "make-env.sh"


def made(script: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", script, *map(str, arguments)], capture_output=True, text=True)


def test_it_fills_in_the_folder_whose_it_is_and_secrets_of_its_own(script: Path, tmp_path: Path) -> None:
    photos = tmp_path / "my photos ${HOME} #1"
    photos.mkdir()
    if os.geteuid() == 0:
        os.chown(photos, 1234, 1235)

    assert made(script, photos).returncode == 0

    path = tmp_path / "checkout" / ".env"
    values = dotenv_values(path, interpolate=False)  # as Compose reads single quotes
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert values["LIBRARY_FOLDER"] == str(photos)
    assert (values["LIBRARY_UID"], values["LIBRARY_GID"]) == (str(photos.stat().st_uid), str(photos.stat().st_gid))
    assert [name for name in required_of(COMPOSE.read_text()) - {"DOCKER_GID"} if not values[name]] == []
    secrets = {str(values[name]) for name in SECRETS}
    assert len(secrets) == len(SECRETS)
    assert all(len(secret) == 48 and secret.isalnum() for secret in secrets)


def test_it_changes_no_env_that_is_there(script: Path, tmp_path: Path) -> None:
    (tmp_path / "checkout" / ".env").write_text("mine")

    refused = made(script, tmp_path)

    assert refused.returncode == 1
    assert "nothing was changed" in refused.stderr
    assert (tmp_path / "checkout" / ".env").read_text() == "mine"


def test_it_wants_a_folder_whose_name_can_be_written_down(script: Path, tmp_path: Path) -> None:
    (tmp_path / "Anna's").mkdir()
    assert {made(script, *each).returncode for each in ([], [tmp_path / "nowhere"], [tmp_path / "Anna's"])} == {2}
    assert not (tmp_path / "checkout" / ".env").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders of root's")
def test_a_folder_of_roots_makes_no_image_of_roots(script: Path, tmp_path: Path) -> None:
    made(script, tmp_path)
    values = dotenv_values(tmp_path / "checkout" / ".env")
    assert (values["LIBRARY_UID"], values["LIBRARY_GID"]) == ("1000", "1000")
