"""Dagster's storage as it is, without computing for every event what it computed for the one before.

Dagster makes a new SQLAlchemy engine for each event, which compiles each statement anew, and reads the files of all its
migrations for each database that it makes. Both are kept here for the length of a test session, in which most of the
time would otherwise go there. Commands that tests start as processes do without this.
"""

from functools import lru_cache
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from sqlalchemy import Engine, create_engine, event

_STORAGES = (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage)


def make_dagster_quick(patch: pytest.MonkeyPatch) -> None:
    """For as long as the patch lasts."""
    for module in _STORAGES:
        patch.setattr(module, "create_engine", _engine)
    from_config = ScriptDirectory.from_config
    scripts: dict[str | None, ScriptDirectory] = {}

    def scripts_of(config: Config) -> ScriptDirectory:
        location = config.get_main_option("script_location")
        return scripts.get(location) or scripts.setdefault(location, from_config(config))

    patch.setattr(ScriptDirectory, "from_config", scripts_of)


def _engine(url: str, connect_args: dict[str, Any] | None = None, **options: Any) -> Engine:
    return _kept_engine(url, tuple((connect_args or {}).items()), tuple(options.items()))


@lru_cache(maxsize=100)
def _kept_engine(url: str, connect_args: tuple[Any, ...], options: tuple[Any, ...]) -> Engine:
    engine = create_engine(url, connect_args=dict(connect_args), **dict(options))
    event.listen(engine, "connect", _never_sync)
    return engine


def _never_sync(connection: Any, _: object) -> None:
    """What tests store need not outlive the machine."""
    connection.execute("PRAGMA synchronous = OFF")
