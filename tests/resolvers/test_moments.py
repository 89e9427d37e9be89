"""The first and the last moment that a `DateTime` can tell are moments like others, not without end."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from app.embedded import Stack
from tests.graph import Asking, altered_sample, asking

FIRST, LAST = "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"
MOMENTS = f"""
update pricing set effective_to = '{LAST}' where id in (1, 2, 3);
update pricing set effective_to = '{FIRST}' where id in (4, 5);
update pricing set effective_to = 'infinity' where id in (6, 7);
update orders set order_date = '1990-06-01T12:00:00Z' where id = 1;
update orders set order_date = '9950-06-01T12:00:00Z' where id = 2;
"""
PAGE = """query($after: String, $direction: SortDirection!) {
    prices(first: 1, after: $after, where: {databaseId: {in: ["1", "2", "3", "4", "5"]}},
        orderBy: {field: EFFECTIVE_TO, direction: $direction}) {
        nodes { databaseId effectiveTo } pageInfo { endCursor hasNextPage } } }"""
SPANS = """query($where: OrderFilter!) {
    ordersAggregate(where: $where, groupBy: {field: ORDER_DATE, by: YEAR}) { key { orderDate } count } }"""


@pytest.fixture(scope="module")
def url(stack: Stack, migrated_template: str) -> Iterator[str]:
    with altered_sample(stack, migrated_template, MOMENTS) as served:
        yield served


@pytest_asyncio.fixture(params=["reference", "compiled"])
async def ask(url: str, request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    async with asking(url, compiling=request.param == "compiled") as asked:
        yield asked


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
async def test_pages_go_on_at_them(ask: Asking, direction: str) -> None:
    found: list[tuple[int, str]] = []
    page: dict[str, Any] = {"endCursor": None, "hasNextPage": True}
    while page["hasNextPage"] and len(found) < 10:
        told = await ask(PAGE, variables={"after": page["endCursor"], "direction": direction})
        page = told.data["prices"]["pageInfo"]
        found += [(int(node["databaseId"]), node["effectiveTo"]) for node in told.data["prices"]["nodes"]]
    expected = [(4, FIRST), (5, FIRST), (1, LAST), (2, LAST), (3, LAST)]
    assert found == (expected if direction == "ASC" else expected[::-1])


@pytest.mark.parametrize("condition", [f'eq: "{LAST}"', f'gte: "{LAST}"', f'in: ["{LAST}"]'])
async def test_filters_find_the_last(ask: Asking, condition: str) -> None:
    where = f'{{effectiveTo: {{{condition}}}, databaseId: {{lt: "6"}}}}'
    told = await ask(f"{{ prices(where: {where}) {{ nodes {{ databaseId }} }} }}")
    assert [node["databaseId"] for node in told.data["prices"]["nodes"]] == ["1", "2", "3"]


async def test_filters_find_the_first(ask: Asking) -> None:
    told = await ask(f'{{ prices(where: {{effectiveTo: {{lte: "{FIRST}"}}}}) {{ nodes {{ databaseId }} }} }}')
    assert [node["databaseId"] for node in told.data["prices"]["nodes"]] == ["4", "5"]


@pytest.mark.parametrize(
    ("bounds", "year"),
    [
        ({"gte": FIRST, "lt": "1999-01-01T00:00:00Z"}, "1990-01-01"),
        ({"gte": "9900-01-01T00:00:00Z", "lte": LAST}, "9950-01-01"),
    ],
)
async def test_spans_reach_to_them(ask: Asking, bounds: dict[str, str], year: str) -> None:
    told = await ask(SPANS, variables={"where": {"orderDate": bounds}})
    assert told.data["ordersAggregate"] == [{"key": {"orderDate": year}, "count": 1}]


async def test_no_page_goes_on_at_infinity(url: str) -> None:
    async with asking(url, compiling=True) as ask:
        document = PAGE.replace('["1", "2", "3", "4", "5"]', '["6", "7"]')
        first = await ask(document, variables={"direction": "DESC"})
        assert first.data["prices"]["nodes"][0]["effectiveTo"] == "infinity"
        after = first.data["prices"]["pageInfo"]["endCursor"]
        told = await ask(document, variables={"direction": "DESC", "after": after})
        assert told.refusal == "BAD_USER_INPUT"
