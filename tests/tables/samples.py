"""Rows with every column filled and with none but the required ones, and one small schema."""

from typing import Any

from resources.tables.schema import Column, Schema

SMALL: Schema = (
    Column("name", "string", "a name", required=True),
    Column("size", "int64", "a size"),
    Column("path", "binary", "a path"),
    Column("seconds", "double", "a time"),
    Column("vector", "list<float32>", "a vector"),
    Column("words", "list<string>", "words in order"),
    Column("is_good", "bool", "whether it is"),
)


def full_row(schema: Schema, seed: int) -> dict[str, Any]:
    """A value in every column."""
    values = {
        "string": f"text {seed} é\n",
        "binary": b"/caf\xe9/%d" % seed,
        "int64": 2**60 + seed,
        "double": seed / 3,
        "list<float32>": [0.5, -0.25, float(seed)],
        "list<string>": [f"word {seed}", "", "日本"],
        "bool": seed % 2 == 0,
    }
    return {column.name: values[column.type] for column in schema}


def required_row(schema: Schema) -> dict[str, Any]:
    """A null wherever one may stand."""
    required = {column.name for column in schema if column.required}
    return {name: value if name in required else None for name, value in full_row(schema, 9).items()}
