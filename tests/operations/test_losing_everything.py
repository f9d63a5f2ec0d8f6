"""Everything but the originals is lost, and comes back from a backup as if nothing had been."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from photo_assets import cli
from photo_assets.definitions import open_resource
from photo_assets.ingest import ingest
from photo_assets.restoring import restore
from photo_assets.settings import load_settings

from .conftest import Lived


def test_searches_answer_the_same_and_an_ingest_finds_nothing_new(
    lived: Lived, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def photos(*command: str) -> Any:
        monkeypatch.setattr(sys, "argv", ["photos", *command, "--json"])
        with pytest.raises(SystemExit, match="0"):
            cli.main()
        # Where the pictures lie now is another matter.
        return json.loads(capsys.readouterr().out.replace(str(load_settings().photo_data), "PHOTO_DATA"))

    asked = ("search", "a red boat", "--limit", "5")
    hits, counts = photos(*asked), photos("status")
    assert len(hits) == 3
    with open_resource(lived.settings, "library").ledger() as ledger:
        if "PHOTO_LEDGER_URL" in lived.secrets:
            ledger.empty()  # the file of the other kind of ledger lies in PHOTO_DATA
    monkeypatch.setenv("PHOTO_DATA", str(tmp_path / "a new disk"))
    assert photos("status")["files"] == 0

    restore(load_settings(), backup)

    assert photos("status") == counts
    assert photos(*asked) == hits
    again = ingest(load_settings(), lived.settings.library_roots, lambda _: lambda stage, files: None)
    assert (again.batches, again.seconds, again.counts["files"]) == ([], {}, 4)
    assert photos("search", "--image", str(lived.folder / "library" / "1.jpg"))[0]["score"] > 0.99
