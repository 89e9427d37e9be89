"""What cells may hold, and that PostgreSQL takes whatever the rules let through, as what it says."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import set_json_loads
from sqlalchemy.dialects.postgresql import JSONB

from app.embedded import Stack
from etl.files.cells import check_of
from schema.entities.order import Order
from schema.entity import MONEY, Entity

Kind = type[sa.types.TypeEngine[Any]] | sa.types.TypeEngine[Any]


def column(kind: Kind, **details: Any) -> sa.Column[Any]:
    return sa.Table("things", sa.MetaData(), sa.Column("thing", kind, **details)).c.thing


TAKEN = [
    (sa.Integer, ["0", "-2147483648", "2147483647", "+7", "007"]),
    (sa.BigInteger, ["-9223372036854775808", "9223372036854775807"]),
    (MONEY, ["0", "1", "1.5", "-0.01", "+3.10", ".5", "5.", "999999999999.99", "000999999999999.990000"]),
    (sa.Boolean, ["true", "FALSE", "t", "f", "yes", "No", "on", "off", "1", "0", "y", "N"]),
    (sa.Date, ["2024-02-29", "0001-01-01"]),
    (
        sa.DateTime(timezone=True),
        [
            "2024-02-29T23:59:59.999999-03:00",
            "2024-02-29 12:00:00Z",
            "2024-02-29 12:00+0530",
            "2024-02-29 12:00:00-03",
            "2024-02-29T12:00",
            "2024-02-29",
        ],
    ),
    (JSONB, ["{}", '{"a": [1, null, "é"]}', '{"a": "\\\\u0000"}']),
    (sa.Text, ["x", " ", "null", "\\N", "\\.", "ção 💊", "a\tb\nc\rd\\e"]),
]
REFUSED = [
    (sa.Integer, "2147483648", "out of range: from -2147483648 to 2147483647"),
    (sa.BigInteger, "9" * 5000, "out of range"),
    *[(sa.Integer, cell, "not a whole number") for cell in ("1.0", "a", " 1", "1_000", "\u0661", "0x10", "-", "1e3")],
    *[(MONEY, cell, "not an amount: write 1234.56") for cell in ("12,50", "1.234,56", "1e3", "NaN", "Infinity", ".")],
    (MONEY, "1000000000000.00", "too large: at most 12 digits before the point"),
    (MONEY, "1.999", "too fine: at most 2 digits after the point"),
    *[(sa.Boolean, cell, "neither true nor false") for cell in ("sim", "2", "tr")],
    *[(sa.Date, cell, "not a date: write 2026-01-31") for cell in ("2023-02-29", "31/01/2024", "today", "20240131")],
    *[
        (sa.DateTime(timezone=True), cell, "not a point in time: write 2026-01-31T12:00:00-03:00")
        for cell in (
            "now",
            "infinity",
            "2024-02-30",
            "31/01/2024 10:00",
            "2024-01-31T25:00",
            "2024-01-31T10",
            "0000-01-01",
        )
    ],
    (sa.DateTime(timezone=True), "2024-01-31T10:00:00+16:00", "an offset of more than 15:59 hours"),
    (sa.DateTime(timezone=True), "0001-01-01T00:00:00+01:00", "outside the years 1 to 9999"),
    (sa.DateTime(timezone=True), "2024-01-31T10:00:00.1234567Z", "not a point in time"),
    *[(JSONB, cell, "not JSON") for cell in ("{", "{'a': 1}", '{"a": NaN}', '{"a": "\\ud800"}')],
    *[(JSONB, cell, "not a JSON object") for cell in ("[]", "1", '"a"', "null")],
    (JSONB, '{"a": ["\\u0000"]}', "JSON with a NUL character"),
    (JSONB, '{"a": ' + "[" * 300 + "]" * 300 + "}", "JSON that is nested too deep"),
    (sa.Text, "a\0b", "a NUL byte"),
    (sa.Text, "a\udce7b", "not UTF-8"),
]


@pytest.mark.parametrize(("kind", "cell"), [(kind, cell) for kind, cells in TAKEN for cell in cells])
def test_taken(kind: Kind, cell: str) -> None:
    assert check_of(column(kind))(cell) is None


@pytest.mark.parametrize(("kind", "cell", "reason"), REFUSED)
def test_refused(kind: Kind, cell: str, reason: str) -> None:
    told = check_of(column(kind))(cell)
    assert told is not None
    assert told.startswith(reason)


def test_an_empty_cell_needs_a_column_that_may_be_null() -> None:
    assert check_of(column(sa.Text))("") is None
    assert check_of(column(sa.Text, nullable=False))("") == "empty, and every row needs a value"
    with_default = check_of(column(sa.Text, nullable=False, server_default="x"))("")
    assert with_default is not None
    assert with_default.endswith("leave the whole column out of the file where the default is meant")


def test_words_are_taken_as_the_database_holds_them() -> None:
    check = check_of(Order.__table__.c.status)
    assert check("shipped") is None
    assert check("SHIPPED") == "not one of pending, confirmed, processing, shipped, delivered, cancelled"


def test_every_declared_column_has_a_rule() -> None:
    for table in Entity.metadata.sorted_tables:
        for declared in table.columns:
            check_of(declared)


def test_a_type_without_a_rule_says_so() -> None:
    with pytest.raises(TypeError, match=r"things\.thing: no rule says how to read LargeBinary"):
        check_of(column(sa.LargeBinary))


exact_json = partial(json.loads, parse_float=Decimal, parse_int=Decimal)


@pytest.fixture(scope="module")
def connection(stack: Stack) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack.endpoints.owner_url, autocommit=True) as connection:
        connection.execute("set timezone = 'UTC'")
        set_json_loads(exact_json, connection)
        yield connection


def moment(cell: str) -> datetime:
    read = datetime.fromisoformat(cell)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def text_of(characters: str) -> st.SearchStrategy[str]:
    return st.text(characters, min_size=1, max_size=18)


moments = st.datetimes().map(lambda moment: moment.isoformat(" "))
# Type, its name, cells of its kind and near it, and how Python reads those that are let through.
READINGS: list[tuple[Any, str, st.SearchStrategy[str], Callable[[str], object]]] = [
    (sa.Integer, "integer", text_of("0123456789+-. "), int),
    (sa.BigInteger, "bigint", st.integers(-(2**64), 2**64).map(str), int),
    (MONEY, "numeric(14, 2)", text_of("0123456789+-.eN"), Decimal),
    (
        sa.Boolean,
        "boolean",
        st.sampled_from(["true", "F", "oN", "of", "1", "yes", "2", "tr"]),
        lambda cell: cell.lower() in {"true", "on", "1", "yes"},
    ),
    (sa.Date, "date", st.dates().map(str) | text_of("0123456789-"), date.fromisoformat),
    (
        sa.DateTime(timezone=True),
        "timestamptz",
        moments | st.tuples(moments, text_of("0123456789:+-Z")).map("".join),
        moment,
    ),
    (
        JSONB,
        "jsonb",
        st.dictionaries(st.text(), st.text() | st.floats() | st.lists(st.none())).map(json.dumps),
        exact_json,
    ),
    (sa.Text, "text", st.text(min_size=1), str),
]


@pytest.mark.parametrize(("kind", "name", "cells", "read"), READINGS, ids=[name for _, name, _, _ in READINGS])
def test_postgresql_reads_what_the_rules_let_through_as_it_is_written(
    kind: Kind,
    name: str,
    cells: st.SearchStrategy[str],
    read: Callable[[str], object],
    connection: psycopg.Connection,
) -> None:
    check = check_of(column(kind))

    @settings(max_examples=300, deadline=None, database=None)
    @given(cells)
    @example("0001-01-01")
    @example("9999-12-31 23:59:59-15:59")
    def agree(cell: str) -> None:
        if check(cell) is None:
            assert connection.execute(f"select %s::{name}".encode(), [cell]).fetchone() == (read(cell),)

    agree()
