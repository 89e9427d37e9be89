"""Points in time are in the span that the time zone says, also where summer time begins and ends at midnight."""

import datetime as dt

import pytest
import sqlalchemy as sa

from resolvers.compiled.spans import Spans, rows_of_spans
from resolvers.sql.groups import BUSINESS_TIME_ZONE
from tests.graph import Asking
from tests.model.viewers import ADMIN, SALES

UNITS = ("day", "week", "month", "quarter", "year")
GROUPS = """query($where: OrderFilter!, $unit: TimeUnit!) {
    ordersAggregate(where: $where, groupBy: [{field: ORDER_DATE, by: $unit}]) { key { orderDate } count }
}"""
SINCE, UNTIL = dt.datetime(2016, 1, 1, 5, tzinfo=dt.UTC), dt.datetime(2020, 6, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize("unit", UNITS)
async def test_every_half_hour_of_years_with_summer_time(ask_compiled: Asking, unit: str) -> None:
    spans = Spans(rows_of_spans("spans", unit, sa.literal(SINCE), sa.literal(UNTIL)))
    moments = sa.func.generate_series(
        sa.literal(SINCE), sa.literal(UNTIL), sa.literal_column("interval '30 minutes'")
    ).column_valued("moment")
    told = spans.first_day(spans.number(moments))
    local = sa.func.timezone(sa.literal_column(f"'{BUSINESS_TIME_ZONE}'"), moments)
    expected = sa.cast(sa.func.date_trunc(sa.literal_column(f"'{unit}'"), local), sa.Date())
    wrong = sa.select(moments.label("moment"), told.label("told")).where(told.is_distinct_from(expected)).limit(5)
    async with ask_compiled.engine._paths.database.snapshot(ADMIN.principal) as snapshot:
        assert [dict(row) for row in await snapshot.fetch(wrong)] == []


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "bounds",
    [
        {"gte": "2025-01-01T00:00:00-03:00", "lt": "2026-12-01T00:00:00-03:00"},
        {"gt": "2025-06-10T12:00:00Z", "lte": "2026-03-05T07:00:00+02:00"},
        {"gte": "2026-12-01T00:00:00Z", "lt": "2025-01-01T00:00:00Z"},
        {"gte": "0001-01-01T00:00:00Z", "lt": "9999-01-01T00:00:00Z"},
        {"gte": "2025-01-01T00:00:00Z"},
    ],
    ids=["whole", "odd", "empty", "all time", "open"],
)
async def test_groups_are_those_of_the_reference_path(
    ask_compiled: Asking, ask_reference: Asking, unit: str, bounds: dict[str, str]
) -> None:
    variables = {"where": {"orderDate": bounds}, "unit": unit.upper()}
    for viewer in (ADMIN, SALES):
        compiled = await ask_compiled(GROUPS, viewer.principal, variables)
        assert compiled.response == (await ask_reference(GROUPS, viewer.principal, variables)).response
        assert len(compiled.statements) == 1


async def test_they_are_looked_up_where_both_bounds_are_given_and_they_are_few(ask_compiled: Asking) -> None:
    async def looks_up(unit: str, **bounds: str) -> bool:
        told = await ask_compiled(GROUPS, variables={"where": {"orderDate": bounds}, "unit": unit})
        return "width_bucket" in told.statements[0]

    assert await looks_up("MONTH", gte="2025-01-01T00:00:00Z", lt="2026-01-01T00:00:00Z")
    assert not await looks_up("MONTH", gte="2025-01-01T00:00:00Z")
    assert not await looks_up("DAY", gte="1825-01-01T00:00:00Z", lt="2026-01-01T00:00:00Z")
    # A statement for many is kept now, and is not taken for few.
    assert await looks_up("DAY", gte="2025-01-01T00:00:00Z", lt="2026-01-01T00:00:00Z")


async def test_two_spans_of_one_aggregate_are_looked_up(ask_compiled: Asking, ask_reference: Asking) -> None:
    bounds = {"gte": "2025-01-01T00:00:00Z", "lt": "2027-01-01T00:00:00Z"}
    document = """query($where: OrderFilter!) { ordersAggregate(where: $where, groupBy: [
        {field: ORDER_DATE, by: MONTH}, {field: PROMISED_AT, by: MONTH}]) { key { orderDate promisedAt } count } }"""
    variables = {"where": {"orderDate": bounds, "promisedAt": bounds}}
    told = await ask_compiled(document, variables=variables)
    assert told.statements[0].count("generate_series") == 2
    assert told.response == (await ask_reference(document, variables=variables)).response
    assert told.data["ordersAggregate"]
