"""What the tables behind each batch's points were made by, and which of them would be made otherwise now.

Functions over one open transaction. What a table is made by is a map of names to values that the caller understands;
here it is only kept and compared. It is written in the transaction that ends the batch, so it tells of what the
collection holds, whatever became of a run that was to change it.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from resources.library.claiming import IS_UNENDED
from resources.library.database import upsert
from resources.library.schema import batch_provenance, batches, photos

Facts = Mapping[str, str]

# The fact that something is not as it was written; whoever writes it again leaves it out.
DOUBT = "missing or changed"


@dataclass(frozen=True)
class StaleBatch:
    """A batch with tables that would be made otherwise now: each such table's name, and in words what differs."""

    key: str
    size: int
    tables: dict[str, list[str]] = field(default_factory=dict)


def write_provenance(connection: Connection, batch: str, made_by: Mapping[str, Facts]) -> None:
    """Write down what these tables of the batch are made by."""
    statement = upsert(connection, batch_provenance)
    newer = {"provenance": statement.excluded.provenance}
    keys = [batch_provenance.c.batch, batch_provenance.c.asset]
    rows = [
        {"batch": batch, "asset": name, "provenance": json.dumps(dict(facts), sort_keys=True)}
        for name, facts in made_by.items()
    ]
    if rows:
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=newer), rows)


def doubt(connection: Connection, asset: str, wrong: Mapping[str, int]) -> None:
    """Note of batches how much of what this asset wrote is wrong now, so that it is stale until it is written again."""
    written = _written(connection)
    for batch, count in wrong.items():
        known = written.get(batch, {}).get(asset, {})
        write_provenance(connection, batch, {asset: known | {DOUBT: str(count)}})


def stale_batches(connection: Connection, currents: Sequence[Mapping[str, Facts]]) -> list[StaleBatch]:
    """The done batches with tables that are unlike each of `currents`, and unlike the nearest in what, oldest first.

    A batch that brought no photo has nothing in its tables that could be stale.
    """
    brought = select(photos.c.batch).where(photos.c.batch == batches.c.key).exists()
    statement = select(batches.c.key, batches.c.size).where(~IS_UNENDED, brought)
    written = _written(connection)
    found = []
    for row in connection.execute(statement.order_by(batches.c.created_at, batches.c.key)):
        known = written.get(row.key, {})
        if stale := min((_unlike(known, current) for current in currents), key=len):
            found.append(StaleBatch(row.key, row.size, stale))
    return found


def written_values(connection: Connection, asset: str, fact: str) -> set[str]:
    """What a fact of an asset's tables is written down as, over all batches."""
    return {tables[asset][fact] for tables in _written(connection).values() if fact in tables.get(asset, {})}


def _unlike(known: Mapping[str, Facts], current: Mapping[str, Facts]) -> dict[str, list[str]]:
    """The tables that are not as `current` says, each with what differs."""
    tables = {name: _differences(known.get(name, {}), now, current) for name, now in current.items()}
    return {name: why for name, why in tables.items() if why}


def _differences(written: Facts, now: Facts, tables: Collection[str]) -> list[str]:
    """In words, what differs between what a table was made by and what it would be made by now."""
    if not written:
        return ["not known what made it"]
    if DOUBT in written:
        return [f"{written[DOUBT]} {DOUBT}"]
    names = [name for name in {**written, **now} if written.get(name) != now.get(name)]
    return [
        f"another {name}" if name in tables else f"{name} {written.get(name, 'none')} -> {now.get(name, 'none')}"
        for name in names
    ]


def _written(connection: Connection) -> dict[str, dict[str, dict[str, str]]]:
    written: dict[str, dict[str, dict[str, str]]] = {}
    for row in connection.execute(select(batch_provenance)):
        written.setdefault(row.batch, {})[row.asset] = json.loads(row.provenance)
    return written
