"""One ingest in this process under settings whose every secret is known, for all that is asked of it afterwards."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from photo_assets.backing_up import back_up, secret_fields
from photo_assets.ingest import ingest
from photo_assets.settings import Settings, load_settings
from tests.conftest import write_photo
from tests.postgres import BINARIES, Postgres

CANARY = "swordfish"


@dataclass(frozen=True)
class Lived:
    """A library of four photos and its state, in `folder`; `secrets` are the values of the secret settings."""

    folder: Path
    settings: Settings
    secrets: dict[str, str]


@pytest.fixture(scope="session")
def lived(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Made once; the ledger lies in PostgreSQL where that is installed, with a password in its URL."""
    folder = tmp_path_factory.mktemp("lived")
    (folder / "library").mkdir()
    for number in range(3):
        write_photo(folder / "library" / f"{number}.jpg", seed=number)
    (folder / "library" / "broken.jpg").write_bytes(b"\xff\xd8\xff no photo")
    secrets = {name.upper(): f"{CANARY}-{name}" for name in secret_fields()}
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        if BINARIES:
            postgres: Postgres = request.getfixturevalue("postgres")
            place = stack.enter_context(postgres.empty_place())
            secrets["PHOTO_LEDGER_URL"] = place.replace("photos@", f"photos:{CANARY}@")
        else:
            del secrets["PHOTO_LEDGER_URL"]
        for name in Settings.model_fields:
            patch.setenv(name.upper(), "")
        plain = {"PHOTO_MODELS": "small", "PHOTO_WORKERS": "1", "DAGSTER_HOME": str(folder / "dagster")}
        folders = {"PHOTO_LIBRARY": str(folder / "library"), "PHOTO_DATA": str(folder / "data")}
        for name, value in (plain | folders | secrets).items():
            patch.setenv(name, value)
        patch.chdir(folder)
        settings = load_settings()
        ingested = ingest(settings, settings.library_roots, lambda _: lambda stage, photos: None)
        assert (ingested.counts["ok"], ingested.counts["failed"]) == (3, 1)
        assert os.environ["QDRANT_API_KEY"].startswith(CANARY)
        yield Lived(folder, settings, secrets)


@pytest.fixture(scope="session")
def backup(lived: Lived, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one backup of it."""
    folder = tmp_path_factory.mktemp("backup")
    back_up(lived.settings, folder)
    return folder
