"""Roots that are held: nothing below them is taken for missing until they are whole again or a person says so.

Functions over one open transaction; no file is looked at.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select, true, update

from resources.library import absences
from resources.library.database import below
from resources.library.errors import NothingHeld
from resources.library.schema import files, looks


def hold(connection: Connection, root: bytes, reason: str) -> None:
    """Write down why a root that is known could not be looked at: nothing below it is taken for missing.

    Where all that was below it is missing already, there is nothing to hold.
    """
    has_files = connection.scalar(select(exists().where(below(root), files.c.present)))
    known = update(looks).where(looks.c.root == root)
    connection.execute(known.values(held=reason if has_files else None, confirmed=False))


def confirm_missing(connection: Connection, root: bytes) -> None:
    """Let the next complete look take what is missing for gone. Raises NothingHeld."""
    _answer(connection, root, confirmed=True)


def take_all_for_missing(connection: Connection, root: bytes, now: float) -> int:
    """Take everything below a held root for missing, and return how many files that is. Raises NothingHeld."""
    _answer(connection, root, held=None, confirmed=False, began_at=None)
    gone = connection.scalars(select(files.c.id).where(below(root), files.c.present)).all()
    absences.take_for_missing(connection, gone, now)
    absences.forget_absent(connection, root)
    return len(gone)


def held_roots(connection: Connection) -> dict[bytes, str]:
    """The roots below which nothing is taken for missing, each with the reason."""
    statement = select(looks.c.root, looks.c.held).where(looks.c.held.is_not(None)).order_by(looks.c.root)
    return {row.root: row.held for row in connection.execute(statement)}


def outside_held_roots(connection: Connection) -> ColumnElement[bool]:
    """The files below no held root; the others may be on a disk that is away."""
    return and_(true(), *(~below(root) for root in held_roots(connection)))


def untold_roots(connection: Connection) -> dict[bytes, bool]:
    """The roots whose state is not the one that `tell_held` was last told, each with whether it is held."""
    is_held = looks.c.held.is_not(None).label("is_held")
    statement = select(looks.c.root, is_held).where(func.coalesce(looks.c.told_held, False) != is_held)
    return {row.root: bool(row.is_held) for row in connection.execute(statement.order_by(looks.c.root))}


def tell_held(connection: Connection, held: Collection[bytes]) -> None:
    """Write down that a person can see that these roots are held and the others are not."""
    connection.execute(update(looks).values(told_held=looks.c.root.in_(held)))


def _answer(connection: Connection, root: bytes, **word: object) -> None:
    held = update(looks).where(looks.c.root == root, looks.c.held.is_not(None))
    if connection.execute(held.values(**word)).rowcount == 0:
        raise NothingHeld(root)
