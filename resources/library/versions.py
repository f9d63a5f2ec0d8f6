"""The collection's versions as the ledger knows them: which model made each, and how it came to be searched or left.

Functions over one open transaction. Which versions there are, and which of them is searched, the vector index says;
here stands what it does not know. A row whose version is gone says nothing.
"""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from resources.library.database import upsert
from resources.library.schema import collection_versions


@dataclass(frozen=True)
class KnownVersion:
    """A version's model, as provenance tells it; `folder` is where a checkpoint lay that is no hub's and not ours.

    `wanted_at` is when it was last that of the settings' model, `left_at` when another was searched instead (Unix
    seconds, None for never); `left_by_hand`: a person chose that other.
    """

    name: str
    model: str
    revision: str
    preprocessing: str
    dimensions: int
    folder: str | None = None
    wanted_at: float | None = None
    left_at: float | None = None
    left_by_hand: bool = False

    def unused_since(self) -> float:
        """When it was last searched or wanted, in Unix seconds."""
        return max(self.left_at or 0.0, self.wanted_at or 0.0)


def note(connection: Connection, version: KnownVersion) -> None:
    """Write down a version, or of a known one the newer `folder` and `wanted_at`."""
    row = asdict(version)
    # A name that is set to itself stands for "nothing": such a statement takes at least one.
    newer = {name: row[name] for name in ("name", "folder", "wanted_at") if row[name] is not None}
    statement = upsert(connection, collection_versions).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=[collection_versions.c.name], set_=newer))


def known(connection: Connection) -> dict[str, KnownVersion]:
    """Every version that was written down, by name."""
    return {row.name: KnownVersion(**row._mapping) for row in connection.execute(select(collection_versions))}


def leave(connection: Connection, left: str | None, entered: str, now: float, by_hand: bool) -> None:
    """Write down that `entered` is searched instead of `left`, and whether a person chose so."""
    _set(connection, left, left_at=now, left_by_hand=by_hand)
    _set(connection, entered, left_by_hand=False)


def forget(connection: Connection, name: str) -> None:
    """Take off a version that is gone."""
    connection.execute(delete(collection_versions).where(collection_versions.c.name == name))


def _set(connection: Connection, name: str | None, **values: Any) -> None:
    connection.execute(update(collection_versions).where(collection_versions.c.name == name).values(**values))
