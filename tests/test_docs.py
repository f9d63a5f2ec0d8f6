"""The documentation is held to the code: generated pages, links, commands, assets and settings."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from benchmarks.tables import PAGES as MEASURED
from benchmarks.tables import with_tables, without_tables
from photo_assets.settings import Settings
from photo_assets.specs import SPECS

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *(ROOT / "docs").rglob("*.md")])


def test_the_reference_is_what_the_code_says() -> None:
    spec = spec_from_file_location("write_reference", ROOT / "docs" / "write_reference.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "reference.md").read_text() == module.reference(), "run `make docs`"


@pytest.mark.parametrize("page", MEASURED, ids=lambda page: page.name)
def test_the_measured_tables_are_what_the_samples_say(page: Path) -> None:
    assert page.read_text() == with_tables(page.read_text()), "run `make docs`"


@pytest.mark.parametrize("page", MEASURED, ids=lambda page: page.name)
def test_no_measured_figure_is_written_by_hand(page: Path) -> None:
    by_hand = without_tables(page.read_text())
    numbers = by_hand if page.parent.name == "docs" else by_hand.partition("## Numbers")[2].partition("\n## ")[0]
    found = re.findall(r"\d[\d.,]*\s?(?:ms|s|MB|%|times|minutes|\w+/s|(?:\w+ )?per second)(?!\w)", numbers)
    assert not found, "put it into a generated line, or say it without the figure"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


def test_every_make_verb_in_the_docs_exists() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        assert set(re.findall(r"`make ([a-z-]+)", page.read_text())) <= verbs, page


def test_every_setting_in_the_docs_exists() -> None:
    known = {name.upper() for name in Settings.model_fields}
    for page in PAGES:
        named = set(re.findall(r"\b(PHOTO_[A-Z_]+|QDRANT_[A-Z_]+|INFERENCE_[A-Z_]+)\b", page.read_text()))
        assert named <= known, page


def test_the_readme_names_every_asset() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in SPECS if f"`{name}`" not in readme] == []
