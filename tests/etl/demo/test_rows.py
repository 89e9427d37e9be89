"""What holds for all rows, whatever table they are of."""

import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from stdnum.br import cnpj

from etl.demo import COLUMNS
from etl.state import TABLES
from tests.etl.demo.made import DemoData

TABLE_OF = {table.name: table for table in TABLES}
PYTHON_TYPES: dict[type[Any], type] = {
    sa.Text: str,
    sa.BigInteger: int,
    sa.Integer: int,
    sa.Boolean: bool,
    sa.Numeric: Decimal,
    sa.DateTime: dt.datetime,
}


def test_every_table_and_column_is_filled() -> None:
    assert {name: set(columns) for name, columns in COLUMNS.items()} == {
        table.name: {column.name for column in table.columns if "policy" not in column.info} for table in TABLES
    }


@pytest.mark.parametrize("table", COLUMNS)
def test_values_are_of_their_columns(data: DemoData, table: str) -> None:
    for column in TABLE_OF[table].columns:
        if "policy" in column.info:
            continue
        values = [row[column.name] for row in data[table]]
        assert column.nullable or None not in values, column
        expected = next((kind for sql, kind in PYTHON_TYPES.items() if type(column.type) is sql), str)
        assert {type(value) for value in values} <= {expected, type(None)}, column
        words = column.info.get("words")
        assert words is None or set(values) <= {word.value for word in words}, column
        if column.unique:
            assert max(Counter(values).values()) == 1, column


@pytest.mark.parametrize("table", COLUMNS)
def test_links_lead_to_rows_that_came_before(data: DemoData, table: str) -> None:
    tables = list(COLUMNS)
    for column in TABLE_OF[table].columns:
        for key in column.foreign_keys:
            target = key.column.table.name
            assert target == table or tables.index(target) < tables.index(table)
            missing = {row[column.name] for row in data[table]} - set(data.by_id[target]) - {None}
            assert missing == set(), column


@pytest.mark.parametrize("table", COLUMNS)
def test_nothing_has_happened_after_now(data: DemoData, table: str) -> None:
    promises = {"promised_at", "expected_at", "effective_to"}
    for row in data[table]:
        times = [value for name, value in row.items() if isinstance(value, dt.datetime) and name not in promises]
        assert all(time <= data.plan.now for time in times), row


@pytest.mark.parametrize("table", ["customers", "suppliers", "products", "orders"])
def test_rows_are_changed_after_they_are_made(data: DemoData, table: str) -> None:
    assert [row for row in data[table] if row["updated_at"] < row["created_at"]] == []


def test_amounts_have_cents_and_no_less(data: DemoData) -> None:
    for table in ("orders", "order_items", "pricing", "purchase_orders", "customers"):
        amounts = [value for row in data[table] for value in row.values() if isinstance(value, Decimal)]
        assert {amount.as_tuple().exponent for amount in amounts} == {-2}
        assert min(amounts) >= 0


@pytest.mark.parametrize("table", ["customers", "suppliers"])
def test_every_cnpj_is_valid_and_both_forms_are_there(data: DemoData, table: str) -> None:
    numbers = [row["cnpj"] for row in data[table]]
    assert all(cnpj.is_valid(number) and len(number) == 14 for number in numbers)
    assert {number.isdigit() for number in numbers} == {True, False}


def test_no_address_of_mail_leads_anywhere(data: DemoData) -> None:
    mails = [row["email"] for row in data["customers"]]
    assert all(mail.isascii() and mail.count("@") == 1 and mail.endswith(".example") for mail in mails)
    assert len(set(mails)) == len(mails)
    assert all('.example", "phone": "+55 ' in row["contact_info"] for row in data["suppliers"])


@pytest.mark.parametrize("table", COLUMNS)
def test_texts_are_whole_and_clean(data: DemoData, table: str) -> None:
    texts = {value for row in data[table] for value in row.values() if isinstance(value, str)}
    assert all(text == " ".join(text.split()) and text for text in texts)
    assert not [text for text in texts if "{" in text and not text.startswith('{"email"')]
    assert not [text for text in texts if "None" in text or "  " in text]
