"""Photos that end the process that decodes them: after the second time they are set apart.

Functions over one open transaction. What is remembered is remembered of the content, whatever file holds it, and of
one decoder: another version or policy tries again, and so does a person who says so.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, and_, case, delete, select
from sqlalchemy.sql.dml import Insert

from resources.decoding.errors import KILLING_KINDS
from resources.library.database import chunks, upsert
from resources.library.schema import kills

MAX_KILLS = 2


def quarantined(connection: Connection, photo_ids: Iterable[str], decoder: str) -> dict[str, str]:
    """Those of the photos that are not to be given to this decoder again, each with the kind of its last failure."""
    is_enough = and_(kills.c.decoder == decoder, kills.c.times >= MAX_KILLS)
    statement = select(kills.c.photo_id, kills.c.error_kind).where(is_enough)
    found: dict[str, str] = {}
    for chunk in chunks(sorted(photo_ids)):
        rows = connection.execute(statement.where(kills.c.photo_id.in_(chunk)))
        found |= {row.photo_id: row.error_kind for row in rows}
    return found


def count_kills(connection: Connection, failed: Mapping[str, str], decoder: str) -> None:
    """Count one kill more for each photo of `failed`, id to kind of failure, that ended its process."""
    rows = [
        {"photo_id": photo_id, "decoder": decoder, "times": 1, "error_kind": kind}
        for photo_id, kind in sorted(failed.items())
        if kind in KILLING_KINDS
    ]
    if rows:
        connection.execute(_count_one_more(connection), rows)


def forget_kills(connection: Connection, photo_ids: Iterable[str]) -> None:
    """Give these photos another chance with the decoder that they ended."""
    for chunk in chunks(sorted(photo_ids)):
        connection.execute(delete(kills).where(kills.c.photo_id.in_(chunk)))


def _count_one_more(connection: Connection) -> Insert:
    statement = upsert(connection, kills)
    times = case((kills.c.decoder == statement.excluded.decoder, kills.c.times + 1), else_=1)
    new = {"decoder": statement.excluded.decoder, "times": times, "error_kind": statement.excluded.error_kind}
    return statement.on_conflict_do_update(index_elements=[kills.c.photo_id], set_=new)
