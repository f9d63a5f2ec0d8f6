"""A library's state made by hand, without decoding or models: a ledger, tables and previews.

There is no collection, whose snapshot would be most of the time; tests/operations has one.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import select

from photo_assets.settings import Settings
from resources.decoding.previews import PreviewStore
from resources.library.ledger import Ledger
from resources.library.schema import metadata
from resources.vectors.embedded import EmbeddedIndex
from tests.conftest import fingerprints
from tests.library.conftest import Shelf
from tests.vectors.samples import point_id


@dataclass
class State:
    """The state of `settings`, and a clock for its ledger."""

    settings: Settings
    clock: float = 1_000.0

    @property
    def data(self) -> Path:
        return self.settings.photo_data

    def grow(self, name: str, number: int) -> str:
        """One more photo, in a batch of its own that is done; the batch's key."""
        with Ledger(self.data / "ledger.sqlite") as ledger:
            shelf = Shelf(self.settings.library_roots[0], ledger, self.clock)
            shelf.put(name, name.encode())
            batch = shelf.cut_one()
            shelf.run(batch)
            self.clock = shelf.clock
        PreviewStore(self.data / "previews").write(point_id(number), b"preview of " + name.encode(), b"thumbnail")
        for table in ("photo_files", "decoded_images"):
            path = self.data / "tables" / table / f"{batch}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{table} of {name}".encode())
        return batch

    def seen(self) -> dict[str, Any]:
        """All that a later reader sees of it."""
        folders = {name: fingerprints(self.data / name) for name in ("previews", "tables")}
        with Ledger(self.data / "ledger.sqlite") as ledger, ledger._reading.begin() as connection:
            rows = {
                table.name: sorted(map(tuple, connection.execute(select(table)))) for table in metadata.sorted_tables
            }
        with EmbeddedIndex(self.data / "collection") as index:
            active = index.active_version()
            points = [(record.point_id, record.payload) for record in index.scroll(active)] if active else []
            return folders | {"ledger": rows, "active": active, "points": points, "versions": index.versions()}


@pytest.fixture(scope="session")
def two_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library and its state: two photos, each a batch."""
    folder = tmp_path_factory.mktemp("two-photos")
    (folder / "library").mkdir()
    state = State(Settings(photo_library=str(folder / "library"), photo_data=folder / "data"))
    state.grow("one.jpg", 1)
    state.grow("two.jpg", 2)
    return folder


@pytest.fixture
def state(settings: Settings, two_photos: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """A copy of the two photos' state, and a Dagster that costs nothing."""
    shutil.copytree(two_photos / "data", settings.photo_data)
    shutil.copytree(two_photos / "library", settings.library_roots[0], dirs_exist_ok=True)
    monkeypatch.setattr("photo_assets.restoring.open_instance", lambda _: dg.DagsterInstance.ephemeral())
    return State(settings)


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """Where the backups go."""
    return tmp_path / "backups of photos"
