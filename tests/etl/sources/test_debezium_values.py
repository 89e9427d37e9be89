"""Values of Debezium's JSON, in each of its encodings, as those of the declared types."""

import base64
import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from etl.sources.debezium.values import Encoding, Unfit, is_unavailable, value_of
from etl.sources.postgres_wal.values import NOT_READABLE, TOO_LONG
from tests.etl.sources.connector import PLACEHOLDER

AT = dt.datetime(2026, 5, 5, tzinfo=dt.UTC)
NUMERIC = pa.decimal128(14, 2)
MOMENT = pa.timestamp("us", "UTC")
MICROS = int(AT.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("value", "field", "declared", "expected"),
    [
        ("AfQ=", {"type": "bytes", "parameters": {"scale": "2"}}, NUMERIC, Decimal("5.00")),
        ("/w==", {"type": "bytes", "parameters": {"scale": "1"}}, NUMERIC, Decimal("-0.10")),
        ("AfQ=", None, NUMERIC, Decimal("5.00")),
        ({"scale": 3, "value": "A+g="}, None, NUMERIC, Decimal("1.00")),
        ("-12.3", {"type": "string"}, NUMERIC, Decimal("-12.30")),
        (12.34, {"type": "double"}, NUMERIC, Decimal("12.34")),
        (7, None, NUMERIC, Decimal("7.00")),
        ("2026-05-05T00:00:00Z", None, MOMENT, MICROS),
        ("2026-05-04T21:00:00.000001-03:00", None, MOMENT, MICROS + 1),
        (MICROS, {"name": "io.debezium.time.MicroTimestamp"}, MOMENT, MICROS),
        (MICROS // 1000, {"name": "io.debezium.time.Timestamp"}, MOMENT, MICROS),
        (MICROS * 1000, {"name": "io.debezium.time.NanoTimestamp"}, MOMENT, MICROS),
        (MICROS, None, MOMENT, MICROS),
        (20_000, {"name": "io.debezium.time.Date"}, pa.date32(), 20_000),
        ("1970-01-02", None, pa.date32(), 1),
        ({"a": 1}, None, pa.string(), '{"a": 1}'),
        (True, None, pa.bool_(), True),
        (-(2**63), None, pa.int64(), -(2**63)),
        (None, None, pa.int32(), None),
    ],
)
def test_each_encoding_is_read(
    value: object, field: dict[str, str] | None, declared: pa.DataType, expected: object
) -> None:
    assert value_of(value, field, declared, Encoding()) == expected


@pytest.mark.parametrize(
    ("value", "declared"),
    [
        ("NaN", NUMERIC), ("0.001", NUMERIC), ("1e12", NUMERIC), ("x", NUMERIC), (True, NUMERIC), ([], NUMERIC),
        ("1e99999999", NUMERIC), ({"scale": "x"}, NUMERIC), ({"scale": 10**9, "value": "AQ=="}, NUMERIC),
        (2**31, pa.int32()), (True, pa.int64()), ("1", pa.int64()), (1, pa.bool_()),
        (5, pa.string()), ("+292278994-08-17T07:12:55.807Z", MOMENT), (2**62, MOMENT), ([], MOMENT),
        ("infinity", pa.date32()), (10**9, pa.date32()), (False, pa.date32()),
    ],
)  # fmt: skip # a table
def test_a_value_that_does_not_fit_is_refused(value: object, declared: pa.DataType) -> None:
    with pytest.raises(Unfit):
        value_of(value, None, declared, Encoding(decimals_are_text=True))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("AQ==", {"type": "bytes", "parameters": {"scale": "x"}}), ("AQ==", {"type": "bytes", "parameters": ["x"]}),
        ("AQ==", {"type": "bytes", "parameters": {"scale": str(10**9)}}), ("AQ==", {"parameters": {"scale": []}}),
        ({"scale": -(10**6), "value": "AQ=="}, None), ({"scale": 10**10, "value": "AQ=="}, None), ("f" * 4000, None),
    ],
)  # fmt: skip # a table
def test_a_number_whose_type_is_malformed_is_refused(value: object, field: dict[str, Any] | None) -> None:
    with pytest.raises(Unfit):
        value_of(value, field, NUMERIC, Encoding())


JSON = {"name": "io.debezium.data.Json", "type": "string"}
DEEP = "[" * 501 + "]" * 501


@pytest.mark.parametrize(
    ("value", "field", "reason"),
    [
        ("ã" * (4 * 2**20 + 1), None, TOO_LONG),
        (["x" * 8 * 2**20], None, TOO_LONG),
        (DEEP, JSON, NOT_READABLE),
        (json.loads(DEEP), None, NOT_READABLE),
        ('{"a": 1e999}', JSON, NOT_READABLE),
    ],
)
def test_what_the_log_of_postgresql_may_not_bring_is_refused_here_too(
    value: object, field: dict[str, str] | None, reason: str
) -> None:
    with pytest.raises(Unfit, match=reason):
        value_of(value, field, pa.string(), Encoding())


def test_a_text_of_the_greatest_length_and_depth_is_read() -> None:
    for value, field in (("ã" * 4 * 2**20, None), (DEEP[1:-1], JSON), (DEEP, {"type": "string"})):
        assert value_of(value, field, pa.string(), Encoding()) == value
    assert value_of(json.loads(DEEP[1:-1]), None, pa.string(), Encoding()) == DEEP[1:-1]


def test_json_that_python_can_not_write_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Unfit, match=NOT_READABLE):
        value_of(deep, None, pa.string(), Encoding())


def test_placeholders_are_known_in_every_encoding() -> None:
    encoded = base64.b64encode(PLACEHOLDER.encode()).decode()
    assert all(map(is_unavailable, (PLACEHOLDER, encoded, [PLACEHOLDER])))
    assert not any(map(is_unavailable, ("", None, 5, [], ["a"], [PLACEHOLDER, PLACEHOLDER])))
