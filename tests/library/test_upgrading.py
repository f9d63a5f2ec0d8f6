"""A ledger of an earlier version is given what it lacks and keeps what it has; one that lacks nothing is left alone."""

from pathlib import Path

import pytest
from sqlalchemy import inspect

from resources.library import upgrading
from resources.library.ledger import Ledger

from .conftest import Shelf


def test_an_earlier_ledger_gets_newer_columns_and_indexes_and_keeps_its_rows(shelf: Shelf, place: Path | str) -> None:
    shelf.put("a.jpg", b"x")
    shelf.run(shelf.cut_one())
    with shelf.ledger._database.begin() as connection:
        connection.exec_driver_sql("DROP INDEX files_by_photo")
        connection.exec_driver_sql("ALTER TABLE looks DROP COLUMN held")
        connection.exec_driver_sql("DROP TABLE path_changes")

    with Ledger(place) as ledger:
        assert ledger.counts()["ok"] == 1
        assert ledger.held_roots() == {}
        assert ledger.path_changes(10) == {}
        indexes = inspect(ledger._database).get_indexes("files")
    assert "files_by_photo" in {index["name"] for index in indexes}


def test_a_ledger_that_lacks_nothing_is_only_read(
    shelf: Shelf, place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrading, "make_tables", None)

    Ledger(place).close()
