"""What only a server does to a ledger: it is not there, starts anew, refuses, or lacks what is needed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from resources.library import database
from resources.library.errors import LedgerUnavailable, LedgerUnusable
from resources.library.ledger import Ledger
from resources.library.resource import LibraryResource
from tests.postgres import Postgres


@pytest.fixture
def url(postgres: Postgres) -> str:
    """Of a schema without tables."""
    return postgres.url(postgres.new_schema())


@pytest.fixture
def stopped(postgres: Postgres) -> Iterator[Postgres]:
    postgres.stop()
    yield postgres
    postgres.start()


def test_a_server_that_is_not_there_is_told_without_its_password(stopped: Postgres) -> None:
    for place in (f"photos:canary@/postgres?host={stopped.folder}", f"/postgres?host={stopped.folder}&password=canary"):
        with pytest.raises(LedgerUnavailable, match="PHOTO_LEDGER_URL") as raised:
            Ledger(f"postgresql://{place}")
        assert raised.value.retryable
        assert "canary" not in str(raised.value)
        assert str(stopped.folder) in str(raised.value)


def test_a_server_that_was_started_anew_costs_no_error(postgres: Postgres, url: str) -> None:
    with Ledger(url) as ledger:
        ledger.begin_look(b"/a", 1, now=1_000)
        postgres.stop()
        postgres.start()

        assert ledger.planned_batches() == []
        assert ledger.begin_look(b"/a", 1, now=1_001).began_at == 1_000


def test_a_server_that_goes_away_is_told_and_used_again_when_it_is_back(postgres: Postgres, url: str) -> None:
    with Ledger(url) as ledger:
        postgres.stop()
        try:
            with pytest.raises(LedgerUnavailable, match=str(postgres.folder)):
                ledger.planned_batches()
        finally:
            postgres.start()
        assert ledger.planned_batches() == []


def test_a_connection_that_ends_within_a_transaction_undoes_it_and_is_told(postgres: Postgres, url: str) -> None:
    with Ledger(url) as ledger:
        with pytest.raises(LedgerUnavailable), ledger._database.begin() as connection:
            connection.exec_driver_sql("DELETE FROM looks")
            postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state LIKE 'idle in%'")
            connection.exec_driver_sql("SELECT 1")
        assert ledger.planned_batches() == []


def test_a_writer_that_never_ends_is_told_after_a_while(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_S", 1)
    with Ledger(url) as ledger, ledger._database.begin() as connection:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        with pytest.raises(LedgerUnavailable, match="lock timeout"):
            ledger.cut_batches(10)


def test_a_writer_that_was_stopped_in_the_middle_holds_up_the_others_for_a_while_only(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_WAIT_S", 1)
    with Ledger(url) as stopped, stopped._database.connect() as connection:
        connection.begin()
        monkeypatch.setattr(database, "LOCK_WAIT_S", 10)
        with Ledger(url) as ledger:
            assert ledger.cut_batches(10) == []
        connection.invalidate()


def test_a_missing_driver_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(LedgerUnusable, match=r"pip install --constraint constraints.txt '\.\[postgres\]'"):
        Ledger("postgresql://photos:canary@localhost/photos")


def test_a_database_of_another_encoding_is_refused(postgres: Postgres) -> None:
    postgres.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    with pytest.raises(LedgerUnusable, match=r"LATIN1.*--encoding UTF8"):
        Ledger(f"postgresql://photos@/latin?host={postgres.folder}")


def test_a_writer_sees_what_the_one_before_it_wrote_whatever_the_servers_default_is(url: str) -> None:
    with Ledger(f"{url}%20-cdefault_transaction_isolation%3Dserializable") as ledger:
        with ledger._reading.begin() as connection:
            assert connection.exec_driver_sql("SHOW default_transaction_isolation").scalar() == "serializable"
        with ledger._database.begin() as connection:
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "read committed"


def test_the_librarys_ledger_is_the_urls_where_there_is_one(tmp_path: Path, url: str) -> None:
    library = LibraryResource(
        ledger_path=str(tmp_path / "ledger.sqlite"), ledger_url=url, roots=[], state_directory=str(tmp_path)
    )
    with library.ledger() as ledger, ledger._reading.begin() as connection:
        assert connection.dialect.name == "postgresql"
    assert list(tmp_path.iterdir()) == []


def test_the_urls_own_options_are_kept(postgres: Postgres, url: str) -> None:
    with Ledger(f"{url}&application_name=albums") as ledger, ledger._reading.begin() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "albums"
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "repeatable read"
        assert connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
