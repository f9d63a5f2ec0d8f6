"""What every room's tests share: settings in a folder of their own, a small library of photos, real photos."""

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photo_assets.settings import Settings, load_settings
from tests.postgres import BINARIES, Postgres, running

REAL_PHOTOS = Path(__file__).parents[2] / "shared" / "photos"

# Tests run side by side, one process per core: threads of one would only wait for those of another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Workers that decode, and those that are killed, are forked from a process that has imported what they need.
multiprocessing.get_context("forkserver").set_forkserver_preload(["resources.decoding.steps", "tests.living.stored"])


@pytest.fixture(scope="session", autouse=True)
def quick_dagster() -> Iterator[None]:
    from tests.quick_dagster import make_dagster_quick

    with pytest.MonkeyPatch.context() as patch:
        make_dagster_quick(patch)
        yield


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings whose library and state lie below tmp_path, with the models that come with the package."""
    return settings_below(tmp_path, monkeypatch)


def settings_below(folder: Path, patch: pytest.MonkeyPatch) -> Settings:
    """The settings of a small library in this folder, as long as the patch lasts; the folder is where one is, too."""
    for name in Settings.model_fields:
        patch.delenv(name.upper(), raising=False)
    (folder / "library").mkdir(exist_ok=True)
    patch.chdir(folder)
    patch.setenv("PHOTO_LIBRARY", str(folder / "library"))
    patch.setenv("PHOTO_DATA", str(folder / "data"))
    patch.setenv("PHOTO_MODELS", "small")
    patch.setenv("PHOTO_BATCH_SIZE", "4")
    patch.setenv("PHOTO_WORKERS", "1")
    # Empty rather than deleted, so that what the code sets is undone after the test.
    patch.setenv("DAGSTER_HOME", "")
    return load_settings()


@pytest.fixture
def library(settings: Settings) -> Path:
    """Six good photos, one copy, one broken file and one file that is no photo."""
    return fill(settings.library_roots[0])


def fill(root: Path) -> Path:
    """Write the photos of the small library below this root."""
    for number in range(6):
        write_photo(root / f"photo-{number}.{'png' if number % 2 else 'jpg'}", seed=number)
    (root / "copies").mkdir()
    (root / "copies" / "again.jpg").write_bytes((root / "photo-0.jpg").read_bytes())
    (root / "broken.jpg").write_bytes((root / "photo-2.jpg").read_bytes()[:900])
    (root / "notes.txt").write_text("not a photo")
    return root


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for all tests that ask for it."""
    if not BINARIES:
        pytest.skip("no PostgreSQL is installed: apt-get install postgresql")
    with running() as server:
        yield server


def write_photo(path: Path, seed: int, size: tuple[int, int] = (160, 120)) -> Path:
    """A small picture of random blocks; another seed is another picture."""
    blocks = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def fingerprints(root: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and modification time of every file below `root`."""
    paths = (Path(folder) / name for folder, _, names in os.walk(root) for name in names)
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}
