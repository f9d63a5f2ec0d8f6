"""Dagster's storage in SQLite files, whose event log keeps the file that all runs share open.

What belongs here: that, and nothing of what is stored: files, tables and questions are Dagster's own, so its plain
storage reads the same folder. A run's own file is still closed after every event, for that is what tells those who
watch the run.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from sqlalchemy import Connection, create_engine


class KeptOpenEventLog(SqliteEventLogStorage):
    """Dagster's event log; it would open and close the shared file some 500 times in a batch's run."""

    def __init__(self, base_dir: str) -> None:
        super().__init__(base_dir)
        self._tables: set[str] = set()
        # Of size 1: the log's own lock lets one thread in at a time.
        self._shared = create_engine(
            self.conn_string_for_shard(INDEX_SHARD_NAME),
            pool_size=1,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
        )

    def has_table(self, table_name: str) -> bool:
        """As Dagster's, but asked only until it is there: no table is ever removed."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Close the file too."""
        super().dispose()
        self._shared.dispose()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if shard == INDEX_SHARD_NAME and shard in self._initialized_dbs:
            with self._db_lock, self._shared.begin() as connection:
                yield connection
        else:
            with super()._connect(shard) as connection:
                yield connection


class KeptOpenStorage(DagsterSqliteStorage):
    """What Dagster has without any `storage:` in its dagster.yaml, with this event log."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = KeptOpenEventLog(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> Self:
        """Made from `base_dir` alone."""
        return cls.from_local(inst_data=inst_data, **config_value)
