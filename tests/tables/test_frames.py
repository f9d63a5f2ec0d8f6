"""Rows to frames and back: every schema, every kind of value, and what is refused by name."""

import math
from typing import Any

import pandas as pd
import pytest

from photo_assets.tables import SCHEMAS
from resources.tables.frames import TableError, checked_table, frame_of, rows_of
from resources.tables.schema import Column, Schema, arrow_schema

from .samples import SMALL, full_row, required_row


@pytest.mark.parametrize("table", SCHEMAS)
def test_rows_survive_the_frame(table: str) -> None:
    schema = SCHEMAS[table]
    rows = [full_row(schema, 1), required_row(schema), full_row(schema, 2)]

    assert rows_of(frame_of(rows, schema)) == rows


@pytest.mark.parametrize("table", SCHEMAS)
def test_a_frame_of_no_rows_has_all_columns_and_types(table: str) -> None:
    frame = frame_of([], SCHEMAS[table])

    assert rows_of(frame) == []
    assert checked_table(frame, SCHEMAS[table]).schema.types == arrow_schema(SCHEMAS[table]).types


def test_whole_numbers_with_gaps_stay_whole_numbers() -> None:
    rows = rows_of(frame_of([{"name": "a", "size": 2**53 + 1}, {"name": "b", "size": None}], SMALL))

    assert [row["size"] for row in rows] == [2**53 + 1, None]
    assert isinstance(rows[0]["size"], int)


def test_bytes_stay_bytes_and_text_stays_text() -> None:
    (row,) = rows_of(frame_of([{"name": "日本 \0 \n", "path": b"/caf\xe9\0"}], SMALL))

    assert (row["name"], row["path"]) == ("日本 \0 \n", b"/caf\xe9\0")


def test_not_a_number_does_not_become_a_null() -> None:
    (row,) = rows_of(frame_of([{"name": "a", "seconds": math.nan}], SMALL))

    assert math.isnan(row["seconds"])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("size", "large"),
        ("size", 2**70),
        ("size", True),
        ("name", 7),
        ("name", b"\xff"),
        ("name", "\udce9"),
        ("name", {}),
        ("path", 7),
        ("vector", ["a"]),
        ("vector", 1.0),
        ("words", "one text"),
        ("words", [7]),
        ("words", ["\udce9"]),
        ("is_good", 1),
        ("is_good", "true"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_columns_name(column: str, value: Any) -> None:
    with pytest.raises(TableError, match=f"column {column} "):
        frame_of([{"name": "a"}, {"name": "b"} | {column: value}], SMALL)


def test_a_missing_required_value_is_refused_with_its_columns_name() -> None:
    frame = frame_of([{"name": "a"}, {"size": 3}], SMALL)

    with pytest.raises(TableError, match="column name has 1 nulls"):
        checked_table(frame, SMALL)


def test_a_null_in_a_plain_pandas_column_is_refused_the_same_way() -> None:
    frame = frame_of([{"name": "a"}, {"name": "b"}], SMALL)
    frame["name"] = pd.Series([None, None], dtype="object")

    with pytest.raises(TableError, match="column name has 2 nulls"):
        checked_table(frame, SMALL)


@pytest.mark.parametrize("values", [["x", "y"], [1.5, 2.5], [object(), object()]])
def test_a_column_of_another_type_is_refused_with_its_name(values: list[Any]) -> None:
    frame = frame_of([{"name": "a"}, {"name": "b"}], SMALL)
    frame["size"] = pd.Series(values)

    with pytest.raises(TableError, match="size"):
        checked_table(frame, SMALL)


def test_text_that_cannot_be_encoded_is_refused() -> None:
    frame = frame_of([{"name": "a"}], SMALL)
    frame["name"] = pd.Series(["\udce9"], dtype="object")

    with pytest.raises(TableError):
        checked_table(frame, SMALL)


def test_absent_additional_and_reordered_columns_are_refused() -> None:
    frame = frame_of([{"name": "a"}], SMALL)

    for other in (frame.drop(columns="size"), frame.assign(more=1), frame[list(reversed(frame.columns))]):
        with pytest.raises(TableError, match="frame_of"):
            checked_table(other, SMALL)


def test_every_schema_has_one_meaning_per_column_and_only_known_types() -> None:
    known = {"string", "binary", "bool", "int64", "double", "list<string>", "list<float32>"}
    for table, schema in SCHEMAS.items():
        names = [column.name for column in schema]
        assert len(names) == len(set(names)), table
        assert {column.type for column in schema} <= known, table
        assert all(column.description for column in schema), table
        assert requires(schema, "status"), table


def requires(schema: Schema, name: str) -> bool:
    return any(column.name == name and column.required for column in schema)


def test_required_columns_are_not_nullable_in_arrow() -> None:
    schema = arrow_schema((Column("a", "int64", "x", required=True), Column("b", "int64", "x")))

    assert [field.nullable for field in schema] == [False, True]
