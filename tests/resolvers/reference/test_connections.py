"""Linked rows come in pages of each parent, as the model has them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.model import Link, Model
from tests.graph import MAX_PAGE_SIZE, PAGE_SIZE, Asking
from tests.model.filters import matches
from tests.model.pages import in_order, page
from tests.model.viewers import ADMIN, CUSTOMER, SALES, Viewer
from tests.model.world import GRAPH, World, as_id, row_as_json
from tests.operations import Choices, Given, orderings
from tests.profiles import examples
from tests.rows import Row

CHOICES = {viewer: Choices(GRAPH.seen_by(viewer.principal.capabilities)) for viewer in (ADMIN, SALES, CUSTOMER)}
PAGES: tuple[Given, ...] = ({}, {"first": 1}, {"first": 2}, {"first": 200}, {"last": 1}, {"last": 2}, {"last": 200})


def linked_rows(world: World, link: Link, row: Row, order_by: list[Given], where: Given) -> list[Row]:
    target = GRAPH[link.target]
    rows = [other for other in world.linked(link, row) if matches(world, target, other, where)]
    return in_order(target, rows, order_by)


def document(model: Model, link: Link, target: Model) -> str:
    """Return an operation that asks for a page of linked rows of every row."""
    return f"""
        query($first: Int, $after: String, $last: Int, $before: String,
              $where: {target.name}Filter, $orderBy: [{target.name}OrderBy!]) {{
            rows: {model.plural}(first: {MAX_PAGE_SIZE}) {{ nodes {{
                page: {link.name}(first: $first, after: $after, last: $last, before: $before,
                                  where: $where, orderBy: $orderBy) {{
                    totalCount
                    nodes {{ id {" ".join(target.fields)} }}
                    edges {{ cursor node {{ id }} }}
                    pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
                }}
            }} }}
        }}"""


def as_response(target: Model, got: Any, rows: list[Row], arguments: Given, places: Given) -> Any:
    """Return what a page should be; its cursors are those it has, which other pages show to be right."""
    expected = page(rows, **arguments, **places, size=PAGE_SIZE)
    cursors = [edge["cursor"] for edge in got["edges"]]
    assert len(set(cursors)) == len(cursors) == len(expected.rows)
    return {
        "totalCount": len(rows),
        "nodes": [row_as_json(target, row) for row in expected.rows],
        "edges": [
            {"cursor": cursor, "node": {"id": as_id(target, row)}}
            for cursor, row in zip(cursors, expected.rows, strict=True)
        ],
        "pageInfo": {
            "hasNextPage": expected.has_next,
            "hasPreviousPage": expected.has_previous,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


@pytest.mark.parametrize("viewer", CHOICES, ids=str)
@examples(30)
@given(data=st.data())
async def test_pages_of_linked_rows(ask_unguarded: Asking, viewer: Viewer, data: st.DataObject) -> None:
    choices, world = CHOICES[viewer], World(viewer.sees)
    model = choices.graph[data.draw(choices.readable().filter(lambda name: any(choices.graph[name].to_many)))]
    link = data.draw(st.sampled_from(list(model.to_many)))
    target = choices.graph.target(link)
    order_by = data.draw(orderings(target), label="orderBy")
    where = data.draw(st.one_of(st.just({}), choices.filters(target.name, 1)), label="where")
    arguments = data.draw(st.sampled_from(PAGES), label="page")

    variables = arguments | {"where": where, "orderBy": order_by}
    told = await ask_unguarded(document(model, link, target), viewer.principal, variables)

    parents = world.rows(model)
    assert len(told.data["rows"]["nodes"]) == len(parents)
    for got, parent in zip(told.data["rows"]["nodes"], parents, strict=True):
        rows = linked_rows(world, link, parent, order_by, where)
        assert got["page"] == as_response(target, got["page"], rows, arguments, {})


@examples(30)
@given(data=st.data())
async def test_pages_of_linked_rows_from_a_cursor(ask_unguarded: Asking, data: st.DataObject) -> None:
    """A cursor is a place in the ordering; for another parent it stands between rows that it has."""
    world, model = World(ADMIN.sees), GRAPH["Customer"]
    link, target = model.links["orders"], GRAPH["Order"]
    order_by = data.draw(orderings(target), label="orderBy")
    arguments = data.draw(st.sampled_from(PAGES), label="page")
    name = data.draw(st.sampled_from(["after", "before"]))
    chosen = {"orderBy": order_by}
    every = await ask_unguarded(document(model, link, target), variables=chosen | {"first": MAX_PAGE_SIZE})
    edges = [edge for customer in every.data["rows"]["nodes"] for edge in customer["page"]["edges"]]
    edge = data.draw(st.sampled_from(edges), label=name)

    told = await ask_unguarded(document(model, link, target), variables=chosen | arguments | {name: edge["cursor"]})

    in_all = in_order(target, world.rows(target), order_by)
    place = [as_id(target, row) for row in in_all].index(edge["node"]["id"])
    side = in_all[place + 1 :] if name == "after" else in_all[:place]
    for got, parent in zip(told.data["rows"]["nodes"], world.rows(model), strict=True):
        rows = linked_rows(world, link, parent, order_by, {})
        expected = page([row for row in rows if row in side], **arguments, size=PAGE_SIZE)
        assert [node["id"] for node in got["page"]["nodes"]] == [as_id(target, row) for row in expected.rows]
        assert got["page"]["totalCount"] == len(rows)
