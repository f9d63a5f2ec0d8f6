"""The documentation is held to the code: generated pages, links, commands, assets and settings."""

import json
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from statistics import median

import pytest

from benchmarks.decode_tables import decode_lines
from benchmarks.tables import PAGE, RESULTS, with_tables
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


def test_the_benchmark_tables_are_what_the_samples_say() -> None:
    assert PAGE.read_text() == with_tables(PAGE.read_text()), "run `make docs`"


def test_the_numbers_in_the_readme_are_what_the_samples_say() -> None:
    samples = json.loads((RESULTS / "whole_path_2000.json").read_text())["samples"]
    readme = (ROOT / "README.md").read_text()
    rate = 2000 / median(sample["ingest_s"] for sample in samples)
    memory = median(sample["peak_mb"] for sample in samples)
    exact, recall = (median(sample["quality"][key] for sample in samples) for key in ("caption_exact", "recall_at_1"))
    for number in (f"| {rate:.1f} |", f"| {memory:.0f} MB |", f"| {100 * exact:.1f} % |", f"| {100 * recall:.0f} % |"):
        assert number in readme, number


def test_the_decoding_numbers_in_the_readme_are_what_the_samples_say() -> None:
    samples = json.loads((RESULTS / "decode.json").read_text())["samples"]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in decode_lines(samples)]
    verdicts = {
        file: f"| {file} | {beside} ({fastest}) | {faster} ({plain}) |"
        for file, fastest, beside, plain, faster in (row for row in cells if len(row) == 5)
    }
    shown = re.findall(r"^\| (?:jpeg|png|heic|dng), .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(shown) == 5
    assert set(shown) <= set(verdicts.values())


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
