"""What of a path the database indexes, in each dialect.

PostgreSQL indexes no row of more than 2,704 bytes, and a path may have 4,096. There its beginning is indexed for ranges
and order, and a hash of all of it, which that index checks itself, for equality. SQLite indexes paths whole.
"""

from typing import Any

from sqlalchemy import Column, ColumnElement, LargeBinary, UniqueConstraint, and_, literal
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

HEAD_BYTES = 1024


class head(FunctionElement[bytes]):
    """The indexed part of a path: to order by it is to order by the path, but for what PostgreSQL does not see."""

    type = LargeBinary()
    inherit_cache = True


@compiles(head)
def _whole(element: head, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(head, "postgresql")
def _beginning(element: head, compiler: Any, **options: Any) -> str:
    return f"substr({compiler.process(element.clauses, **options)}, 1, {HEAD_BYTES})"


def after(column: Column[bytes], path: bytes) -> ColumnElement[bool]:
    """The paths that come after this one."""
    return and_(column > path, head(column) >= head(literal(path)))


def up_to(column: Column[bytes], path: bytes) -> ColumnElement[bool]:
    """This path and those that come before it."""
    return and_(column <= path, head(column) <= head(literal(path)))


def each_once(column: str) -> list[UniqueConstraint | ExcludeConstraint]:
    """No path twice, in each dialect's words."""
    return [
        UniqueConstraint(column).ddl_if(dialect="sqlite"),
        ExcludeConstraint((column, "="), using="hash").ddl_if(dialect="postgresql"),
    ]
