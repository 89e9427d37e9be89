"""Scalars: what is written can be read, what is read is exact, and what can't be read is refused with a hint."""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLError,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    parse_value,
)
from hypothesis import given
from hypothesis import strategies as st

from schema.scalars import (
    SCALARS,
    BigInt,
    read_big_int,
    read_date,
    read_date_time,
    read_decimal,
    write_big_int,
    write_date,
    write_date_time,
    write_decimal,
)
from tests.graph import Asking
from tests.profiles import examples

INTEGERS = st.integers(-(2**63), 2**63 - 1)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
# A day from either end, for an offset to stay within the years that there are.
MOMENTS = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=OFFSETS)  # noqa: DTZ001  # they get one
RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?\+00:00")


@given(INTEGERS)
def test_an_integer_comes_back(value: int) -> None:
    assert read_big_int(write_big_int(value)) == value == read_big_int(value)


@given(DECIMALS)
def test_a_decimal_comes_back_with_all_its_digits(value: Decimal) -> None:
    written = write_decimal(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?", written)
    assert read_decimal(written) == value
    assert read_decimal(str(value)) == value


@given(MOMENTS)
def test_a_point_in_time_comes_back(value: dt.datetime) -> None:
    written = write_date_time(value)
    assert RFC_3339.fullmatch(written)
    assert not re.search(r"\.\d*0\+", written)
    assert read_date_time(written) == value
    assert read_date_time(value.isoformat()) == value


@given(st.dates())
def test_a_day_comes_back(value: dt.date) -> None:
    assert read_date(write_date(value)) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_of_json_has_the_digits_that_it_shows(value: float) -> None:
    """What JSON readers make of `12.1` is a float; the number that was meant has as many digits as were written."""
    assert read_decimal(value) == Decimal(repr(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-03-01T09:30:00Z", dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)),
        ("2026-03-01t09:30:00z", dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)),
        ("2026-03-01T09:30:00-03:00", dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)),
        ("2026-03-01T09:30:00.1+00:00", dt.datetime(2026, 3, 1, 9, 30, 0, 100_000, tzinfo=dt.UTC)),
        ("2026-03-01T09:30:00.000001-00:00", dt.datetime(2026, 3, 1, 9, 30, 0, 1, tzinfo=dt.UTC)),
        ("2024-02-29T23:59:59+23:59", dt.datetime(2024, 2, 29, 0, 0, 59, tzinfo=dt.UTC)),
    ],
)
def test_points_in_time(text: str, value: dt.datetime) -> None:
    assert read_date_time(text) == value
    assert read_date_time(text).tzinfo is dt.UTC


MESSAGES: dict[Callable[[Any], Any], str] = {
    read_big_int: "A BigInt is a whole number of at most 64 bits, best written as a string.",
    read_decimal: 'A Decimal is a number written as a string: "12.50".',
    read_date_time: 'A DateTime is written by RFC 3339 with an offset: "2026-03-01T09:30:00-03:00".',
    read_date: 'A Date is written by ISO 8601: "2026-03-01".',
}

BAD: dict[Callable[[Any], Any], tuple[Any, ...]] = {
    read_big_int: (
        *("", " 1", "1 ", "+1", "1.0", "1e3", "0x1", "\u0661", "1_000", "--1", "NaN", "9" * 20, "9" * 5000),
        *(2**63, -(2**63) - 1, str(2**63), str(-(2**63) - 1), 1.0, True, None, [], {}),
    ),
    read_decimal: (
        *("", ".5", "5.", "+5", "--5", "NaN", "-nan", "sNaN", "Infinity", "-inf", "1,5", "R$ 1", "1.2.3", "0x1"),
        *("1_000", "\u0661", " 1", "1 ", "1e131072", "1e-16384", "-0e-16384", "1e-131072", "1e999999999999999999999"),
        *("9" * 200_000, float("nan"), float("inf"), True, None, [], {}),
    ),
    read_date_time: (
        *("", "2026-03-01", "2026-03-01T09:30:00", "2026-03-01 09:30:00Z", "2026-03-01T09:30Z", "20260301T093000Z"),
        *("2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "0000-01-01T00:00:00Z"),
        *("2026-03-01T24:00:00Z", "2026-03-01T09:60:00Z", "2026-12-31T23:59:60Z", "2026-03-01T09:30:00+24:00"),
        *("2026-03-01T09:30:00+0300", "2026-03-01T09:30:00+03", "2026-03-01T09:30:00.Z", "2026-03-01T09:30:00,5Z"),
        *("2026-03-01T09:30:00.1234567Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"),
        *("2026-03-01T09:30:00+05:60", "2026-03-01T09:30:00-00:99"),
        *("\u0662026-03-01T09:30:00Z", "2026-03-01T09:30:00Z\n", "10000-01-01T00:00:00Z"),
        *(0, 1767225600, True, None, [], {}),
    ),
    read_date: (
        *("", "2026-02-30", "2026-2-3", "20260203", "2026-W10-1", "2026-061", "0000-01-01", "2026-03-01T00:00:00Z"),
        *("\u0662026-03-01", "2026-03-01\n", "10000-01-01", 0, True, None, [], {}),
    ),
}


@pytest.mark.parametrize(
    ("read", "value"),
    [
        pytest.param(read, value, id=f"{read.__name__}-{str(value)[:30]!r}")
        for read, values in BAD.items()
        for value in values
    ],
)
def test_what_can_not_be_read_is_refused(read: Callable[[Any], Any], value: Any) -> None:
    assert refusal(read, value) == MESSAGES[read]


def refusal(read: Callable[[Any], Any], value: Any) -> str | None:
    try:
        read(value)
    except GraphQLError as refused:
        return refused.message
    return None


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.from_regex(r"[-0-9.:TZeE+]{0,30}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@examples(300)
@given(st.sampled_from(list(BAD)), ANYTHING)
def test_whatever_is_sent_is_read_or_refused(read: Callable[[Any], Any], value: Any) -> None:
    assert refusal(read, value) in {None, MESSAGES[read]}


@pytest.mark.parametrize(
    ("scalar", "kinds"),
    [
        (BigInt, {StringValueNode, IntValueNode}),
        (Decimal, {StringValueNode, IntValueNode, FloatValueNode}),
        (dt.datetime, {StringValueNode}),
        (dt.date, {StringValueNode}),
    ],
)
def test_literals_of_other_kinds_are_refused_at_their_place(scalar: object, kinds: set[type[ValueNode]]) -> None:
    nodes = [parse_value(text) for text in ('"5"', "5", "5.5", "true", "null", "WORD", "[1]", "{a: 1}")]
    assert {type(node) for node in nodes} == {
        *(StringValueNode, IntValueNode, FloatValueNode, BooleanValueNode, NullValueNode, EnumValueNode),
        *(ListValueNode, ObjectValueNode),
    }
    read = SCALARS[scalar].parse_literal
    assert read is not None
    for node in nodes:
        if type(node) not in kinds:
            with pytest.raises(GraphQLError) as refused:
                read(node, None)
            assert refused.value.nodes == [node]


def test_a_literal_has_the_digits_that_are_written() -> None:
    read = SCALARS[Decimal].parse_literal
    assert read is not None
    for text in ("0.1", "12345678901234567890.123456789", "1e2", "-0"):
        assert read(parse_value(text), None) == Decimal(text)


EXTREMES: dict[str, list[Any]] = {
    "total": ["1e131071", "-1e131071", "1e-16383", "9" * 1000, "0." + "9" * 1000, "-0", 1e308],
    "databaseId": [str(2**63 - 1), str(-(2**63)), 0],
    "orderDate": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-02T00:00:00+23:59"],
}


@pytest.mark.parametrize("operator", ["eq", "ne", "lt", "gte", "in", "notIn"])
@pytest.mark.parametrize("field", EXTREMES)
async def test_every_value_that_is_read_can_be_compared_with(ask: Asking, field: str, operator: str) -> None:
    for value in EXTREMES[field]:
        where = {field: {operator: [value] if operator in ("in", "notIn") else value}}
        told = await ask(
            """query($where: OrderFilter) {
                orders(where: $where) { totalCount } ordersAggregate(where: $where) { count }
            }""",
            variables={"where": where},
        )
        assert told.data["orders"]["totalCount"] == told.data["ordersAggregate"][0]["count"]


@pytest.mark.parametrize("value", [2**31 - 1, -(2**31)])
async def test_every_int_can_be_compared_with(ask: Asking, value: int) -> None:
    told = await ask(
        "query($n: Int) { inventoryItems(where: {quantityIncoming: {gt: $n}}) { totalCount } }", variables={"n": value}
    )
    assert (told.data["inventoryItems"]["totalCount"] > 0) == (value < 0)
