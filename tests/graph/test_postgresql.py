"""The whole path with the ledger on a server, which may be away for a while."""

from pathlib import Path

import pytest

from photo_assets.settings import Settings, load_settings
from resources.library.errors import LedgerUnavailable
from tests.postgres import Postgres

from .test_ingest import ingest_now


def test_an_ingest_with_its_ledger_on_a_server_goes_on_after_the_server_was_away(
    settings: Settings, library: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTO_LEDGER_URL", postgres.url(postgres.new_schema()))
    served = load_settings()
    postgres.stop()
    try:
        with pytest.raises(LedgerUnavailable, match="PHOTO_LEDGER_URL"):
            ingest_now(served)
    finally:
        postgres.start()

    ingested = ingest_now(served)

    counts = ingested.counts
    assert (counts["files"], counts["ok"], counts["duplicates"], counts["failed"]) == (8, 6, 1, 1)
    assert len(ingested.batches) == 2
    assert not (served.photo_data / "ledger.sqlite").exists()
    again = ingest_now(served)
    assert (again.batches, again.counts) == ([], counts)
