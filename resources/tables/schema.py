"""What a table's columns are: name, Arrow type, meaning, and whether a value is required.

Plain data that imports nothing heavy; which tables there are stands in `photo_assets.tables`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """One column; `type` is string, binary, bool, int64, double, list<string> or list<float32>."""

    name: str
    type: str
    description: str
    required: bool = False


Schema = tuple[Column, ...]

Row = dict[str, Any]
"""One row as plain Python: column name to value, None for a null."""


def arrow_schema(schema: Schema) -> pa.Schema:
    """The pyarrow schema of these columns; required ones are not nullable."""
    import pyarrow as pa

    return pa.schema([pa.field(column.name, _arrow_type(column), not column.required) for column in schema])


def _arrow_type(column: Column) -> pa.DataType:
    import pyarrow as pa

    item = column.type.removeprefix("list<").removesuffix(">")
    item_type = pa.float32() if item == "float32" else pa.type_for_alias(item)
    return pa.list_(item_type) if column.type.startswith("list<") else item_type
