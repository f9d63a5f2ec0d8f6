"""pandas DataFrames of a table's exact columns and types, and back to plain rows.

Frames use Arrow-backed columns, so that an integer with a gap stays an integer and bytes stay bytes. What made a table
travels with it, through Parquet too, as an attribute of its frame. Files are not touched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from resources.errors import PhotoPlatformError
from resources.tables.schema import Schema, arrow_schema

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


_MADE_BY = "made_by"


class TableError(PhotoPlatformError):
    """A table is absent, cannot be read, or does not have its columns."""


def frame_of(
    rows: Iterable[Mapping[str, Any]], schema: Schema, made_by: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """A DataFrame of `rows` with exactly the schema's columns; a missing key is a null. Raises TableError."""
    import pyarrow as pa

    rows, fields = list(rows), arrow_schema(schema)
    frame = to_frame(pa.Table.from_arrays([_array(rows, field) for field in fields], schema=fields))
    frame.attrs[_MADE_BY] = dict(made_by or {})
    return frame


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The frame's rows as plain dicts, nulls as None, vectors as lists."""
    import pyarrow as pa

    return pa.Table.from_pandas(frame, preserve_index=False).to_pylist()


def column_values(column: pa.ChunkedArray) -> Sequence[Any]:
    """A column's values as plain ones, nulls as None, but vectors as arrays: as lists they take ten times as long."""
    import pyarrow as pa

    is_of_vectors = pa.types.is_list(column.type) and pa.types.is_floating(column.type.value_type)
    return list(column.to_numpy()) if is_of_vectors else column.to_pylist()


def made_by(frame: pd.DataFrame) -> dict[str, str]:
    """What the table was made by, as it was told to `frame_of`; nothing where it was not."""
    return dict(frame.attrs.get(_MADE_BY, {}))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a DataFrame with Arrow-backed columns."""
    import pandas as pd

    return table.to_pandas(types_mapper=pd.ArrowDtype)


def with_newer_columns(table: pa.Table, schema: Schema) -> pa.Table:
    """The table of an earlier version with the schema's newer columns, all null; only optional ones may be missing."""
    import pyarrow as pa

    expected = arrow_schema(schema)
    for place, field in enumerate(expected):
        if field.name not in table.column_names and field.nullable:
            table = table.add_column(min(place, table.num_columns), field, pa.nulls(table.num_rows, field.type))
    return table


def checked_table(frame: pd.DataFrame, schema: Schema) -> pa.Table:
    """The frame as an Arrow table of exactly this schema. Raises TableError naming the first wrong column."""
    import pyarrow as pa

    expected = arrow_schema(schema)
    if list(frame.columns) != expected.names:
        raise TableError(f"columns are {list(frame.columns)}, expected {expected.names}; build it with frame_of()")
    for field in expected:
        nulls = 0 if field.nullable else int(frame[field.name].isna().sum())
        if nulls:
            raise TableError(f"column {field.name} has {nulls} nulls but requires a value")
    try:
        return pa.Table.from_pandas(frame, schema=expected, preserve_index=False)
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise TableError(f"a column has another type than its schema: {error}") from error


def _array(rows: Sequence[Mapping[str, Any]], field: pa.Field) -> pa.Array:
    import pyarrow as pa

    values = [row.get(field.name) for row in rows]
    if pa.types.is_list(field.type) and any(isinstance(value, str) for value in values):
        raise TableError(f"column {field.name} cannot hold a text: Arrow would take it for a list of its characters")
    try:
        return pa.array(values, field.type)
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise TableError(f"column {field.name} cannot hold one of its values: {error}") from error
