"""Orderings and pages give the rows, cursors and page infos that sorting and slicing gives."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.model import Model
from tests.graph import MAX_PAGE_SIZE, PAGE_SIZE, Asking
from tests.model.filters import matches
from tests.model.pages import in_order, page
from tests.model.viewers import ADMIN, CUSTOMER, SALES, Viewer
from tests.model.world import GRAPH, World, as_id, row_as_json
from tests.operations import Choices, Given, orderings
from tests.profiles import examples
from tests.rows import Row

CHOICES = {viewer: Choices(GRAPH.seen_by(viewer.principal.capabilities)) for viewer in (ADMIN, SALES, CUSTOMER)}


class Walker:
    """Asks for pages of one connection: one entity, ordering and filter."""

    def __init__(
        self, ask: Asking, viewer: Viewer, model: Model, order_by: list[Given], where: Given, *, counted: bool
    ) -> None:
        self._ask = ask
        self._viewer = viewer
        self.model = model
        self._order_by = order_by
        self._where = where
        self.counted = counted
        self._document = f"""
            query($first: Int, $after: String, $last: Int, $before: String,
                  $where: {model.name}Filter, $orderBy: [{model.name}OrderBy!]) {{
                page: {model.plural}(first: $first, after: $after, last: $last, before: $before,
                                     where: $where, orderBy: $orderBy) {{
                    {"totalCount" if counted else ""}
                    edges {{ cursor node {{ id }} }}
                    nodes {{ id {" ".join(model.fields)} }}
                    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
                }}
            }}"""

    async def page(self, **arguments: Any) -> Any:
        """Return a page as the response has it."""
        told = await self._ask(
            self._document, self._viewer.principal, arguments | {"orderBy": self._order_by, "where": self._where}
        )
        return told.data["page"]

    def expected(self) -> list[Row]:
        """Return all rows of the connection in order."""
        world = World(self._viewer.sees)
        rows = [row for row in world.rows(self.model) if matches(world, self.model, row, self._where)]
        return in_order(self.model, rows, self._order_by)

    async def cursors(self) -> dict[str, str]:
        """Return the cursor of each row by its id."""
        edges = (await self.page(first=MAX_PAGE_SIZE))["edges"]
        return {edge["node"]["id"]: edge["cursor"] for edge in edges}


def walker(ask: Asking, viewer: Viewer, data: st.DataObject) -> Walker:
    choices = CHOICES[viewer]
    model = choices.graph[data.draw(choices.readable(), label="entity")]
    order_by = data.draw(orderings(model), label="orderBy")
    where = data.draw(st.one_of(st.just({}), choices.filters(model.name, 1)), label="where")
    # A root page is compiled in another way where it is not counted.
    counted = data.draw(st.booleans(), label="totalCount")
    return Walker(ask, viewer, model, order_by, where, counted=counted)


@pytest.mark.parametrize("viewer", CHOICES, ids=str)
@examples(40)
@given(data=st.data())
async def test_a_page_is_that_of_the_model(ask_unguarded: Asking, viewer: Viewer, data: st.DataObject) -> None:
    walk = walker(ask_unguarded, viewer, data)
    model, rows, cursors = walk.model, walk.expected(), await walk.cursors()
    assert list(cursors) == [as_id(model, row) for row in rows]
    arguments: Given = data.draw(
        st.sampled_from([{}, {"first": 1}, {"first": 3}, {"first": 200}, {"last": 1}, {"last": 3}, {"last": 200}])
    )
    places: Given = {
        name: row
        for name in ("after", "before")
        if (row := data.draw(st.sampled_from([None, *rows]), label=name)) is not None
    }

    got = await walk.page(**arguments, **{name: cursors[as_id(model, row)] for name, row in places.items()})

    expected = page(rows, **arguments, **places, size=PAGE_SIZE)
    on_page = [cursors[as_id(model, row)] for row in expected.rows]
    assert got == ({"totalCount": len(rows)} if walk.counted else {}) | {
        "edges": [{"cursor": cursors[as_id(model, row)], "node": {"id": as_id(model, row)}} for row in expected.rows],
        "nodes": [row_as_json(model, row) for row in expected.rows],
        "pageInfo": {
            "hasNextPage": expected.has_next,
            "hasPreviousPage": expected.has_previous,
            "startCursor": on_page[0] if on_page else None,
            "endCursor": on_page[-1] if on_page else None,
        },
    }


@examples(25)
@given(data=st.data())
async def test_walking_all_pages_gives_each_row_once(ask_unguarded: Asking, data: st.DataObject) -> None:
    walk = walker(ask_unguarded, ADMIN, data)
    ids = [as_id(walk.model, row) for row in walk.expected()]
    size = data.draw(st.integers(max(1, len(ids) // 8), 40), label="size")
    forwards: list[str] = []
    place = None
    # Counted, for a walk that leads round in a circle to end.
    for _ in range(len(ids) // size + 1):
        got = await walk.page(first=size, after=place)
        forwards, place = forwards + [node["id"] for node in got["nodes"]], got["pageInfo"]["endCursor"]
        if not got["pageInfo"]["hasNextPage"]:
            break
    backwards: list[str] = []
    place = None
    for _ in range(len(ids) // size + 1):
        got = await walk.page(last=size, before=place)
        backwards, place = [node["id"] for node in got["nodes"]] + backwards, got["pageInfo"]["startCursor"]
        if not got["pageInfo"]["hasPreviousPage"]:
            break
    assert forwards == ids
    assert backwards == ids


async def test_an_ordering_names_each_field_once(ask_unguarded: Asking) -> None:
    told = await ask_unguarded("{ orders(orderBy: [{field: TOTAL}, {field: TOTAL, direction: DESC}]) { totalCount } }")
    assert told.refusal == "BAD_USER_INPUT"
    assert told.errors[0]["message"] == "`orderBy` names total twice: name each field once."


async def test_an_ordering_names_the_key_once(ask_unguarded: Asking) -> None:
    told = await ask_unguarded("{ orders(orderBy: [{field: DATABASE_ID}, {field: DATABASE_ID}]) { totalCount } }")
    assert told.refusal == "BAD_USER_INPUT"
    assert told.errors[0]["message"] == "`orderBy` names databaseId twice: name each field once."


async def test_what_follows_the_key_in_an_ordering_changes_nothing(ask_unguarded: Asking) -> None:
    told = await ask_unguarded(
        """{
            short: orders(first: 2, orderBy: {field: DATABASE_ID}) { nodes { id } }
            long: orders(first: 2, orderBy: [{field: DATABASE_ID}, {field: TOTAL}]) { nodes { id } }
        }"""
    )
    assert told.data["short"] == told.data["long"]
