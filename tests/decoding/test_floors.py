"""Libraries with known holes are refused before the first photo, and the versions in use are known."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from resources.decoding import floors
from resources.decoding.errors import UnsafeDecoderError
from resources.decoding.pool import DecodingPool

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(monkeypatch):
    """Return a way to pretend that other versions are installed."""
    real = floors.decoder_versions()

    def pretend(**versions: str) -> None:
        renamed = {name.replace("_", "-"): version for name, version in versions.items()}
        monkeypatch.setattr(floors, "decoder_versions", lambda: {**real, **renamed})

    return pretend


def test_every_version_is_known_here():
    versions = floors.decoder_versions()
    assert set(versions) == {floor.library for floor in floors.FLOORS}
    assert all(re.match(r"\d+\.\d+", version) for version in versions.values()), versions


def test_what_is_installed_is_safe():
    floors.require_safe_decoders()


@pytest.mark.parametrize(
    ("library", "version"),
    [
        ("pillow", "12.2.9"),
        ("pillow_heif", "1.8.0"),
        ("libheif", "1.9.20"),
        ("libde265", "1.1.1"),
        ("libraw", "0.22.1"),
    ],
)
def test_a_version_below_its_floor_is_named_with_the_remedy(installed, library, version):
    installed(**{library: version})
    with pytest.raises(UnsafeDecoderError, match=rf"^{library.replace('_', '-')} {version} .*pip install --upgrade '"):
        floors.require_safe_decoders()


@pytest.mark.parametrize("version", ["12.3", "12.3.0", "12.10.0", "13.0.0", "100.0.0-dev", "unknown"])
def test_a_version_at_or_above_its_floor_or_a_hidden_one_passes(installed, version):
    installed(pillow=version)
    floors.require_safe_decoders()


def test_a_pool_with_an_unsafe_library_does_not_open(installed, store):
    installed(libheif="1.18.0")
    with pytest.raises(UnsafeDecoderError), DecodingPool(store):
        pytest.fail("the pool is open")


def test_the_installed_project_asks_for_the_same_floors():
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert {floor.package for floor in floors.FLOORS} <= set(asked)


def test_importing_the_floors_imports_no_decoder():
    program = "import sys, resources.decoding.floors; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"PIL", "rawpy", "pillow_heif", "numpy"}.isdisjoint(loaded.stdout.split())
