"""The folder of all state is its owner's alone, whatever makes it, and is left as it is where it is there."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from photo_assets.definitions import open_resource
from photo_assets.ingest_lock import only_ingest
from photo_assets.instance import dagster_home
from photo_assets.settings import Settings


def take_lock(settings: Settings) -> None:
    """As `photos restore` does first of all."""
    with only_ingest(settings.photo_data):
        pass


MAKERS = [lambda settings: open_resource(settings, "library"), dagster_home, take_lock]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DAGSTER_HOME", "")  # set again when the test is over
    return Settings(photo_data=tmp_path / "below" / "state")


def rights(folder: Path) -> int:
    return stat.S_IMODE(folder.stat().st_mode)


@pytest.mark.parametrize("make", MAKERS, ids=["a resource", "Dagster's home", "the lock"])
def test_whatever_makes_it_makes_it_for_its_owner_alone(make: Callable[[Settings], object], settings: Settings) -> None:
    make(settings)
    assert rights(settings.photo_data) == 0o700


@pytest.mark.parametrize("make", MAKERS, ids=["a resource", "Dagster's home", "the lock"])
def test_one_that_is_there_keeps_its_rights(make: Callable[[Settings], object], settings: Settings) -> None:
    settings.photo_data.mkdir(parents=True)
    settings.photo_data.chmod(0o750)
    make(settings)
    assert rights(settings.photo_data) == 0o750
