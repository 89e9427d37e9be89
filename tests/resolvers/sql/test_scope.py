"""Each principal sees exactly the rows that are written down for it, whichever way it asks."""

from typing import Any

import pytest

from schema.model import Graph, Model
from tests.graph import MAX_PAGE_SIZE, Asking
from tests.model.told import told_to
from tests.model.viewers import (
    ADMIN,
    AGENT,
    CUSTOMER,
    CUSTOMERS,
    PHARMACY,
    SALES,
    SUPPORT,
    VIEWERS,
    Viewer,
    rows_of,
)
from tests.model.world import GRAPH, World, as_id, row_as_json
from tests.sample import SAMPLE

CONTACTED = {row["customer_id"] for row in SAMPLE["customer_interactions"]}
EVERY_VIEWER = pytest.mark.parametrize("viewer", VIEWERS, ids=str)


def seen_by(viewer: Viewer) -> Graph:
    return GRAPH.seen_by(viewer.principal.capabilities)


def readable(viewer: Viewer) -> list[Model]:
    return [model for model in seen_by(viewer) if model.readable]


def ids_of(viewer: Viewer, model: Model) -> list[str]:
    return [as_id(model, row) for row in rows_of(model.table.name, viewer.sees)]


@EVERY_VIEWER
def test_what_is_written_down_can_be_asked_for(viewer: Viewer) -> None:
    tables = {model.table.name for model in readable(viewer)}
    assert {table for table in SAMPLE if rows_of(table, viewer.sees)} <= tables
    counted = {model.table.name for model in seen_by(viewer) if model.countable}
    assert {table for table in SAMPLE if rows_of(table, viewer.counts)} <= counted


@EVERY_VIEWER
async def test_pages(ask_unguarded: Asking, viewer: Viewer) -> None:
    for model in readable(viewer):
        told = await ask_unguarded(
            f"""{{ rows: {model.plural}(first: {MAX_PAGE_SIZE}) {{
                totalCount nodes {{ id {" ".join(model.fields)} }}
            }} }}""",
            viewer.principal,
        )
        rows = rows_of(model.table.name, viewer.sees)
        assert told.data["rows"] == {"totalCount": len(rows), "nodes": [row_as_json(model, row) for row in rows]}


@EVERY_VIEWER
async def test_rows_by_id(ask_unguarded: Asking, viewer: Viewer) -> None:
    for model in readable(viewer):
        seen = set(ids_of(viewer, model))
        every = [as_id(model, row) for row in SAMPLE[model.table.name]]
        told = await ask_unguarded(
            "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", viewer.principal, {"ids": every}
        )
        expected = [{"__typename": model.name, "id": one} if one in seen else None for one in every]
        assert told.data["nodes"] == expected
        one_each = " ".join(
            f'at{place}: {model.singular}(id: "{one}") {{ id }}' for place, one in enumerate(every[:40])
        )
        told = await ask_unguarded(f"{{ {one_each} }}", viewer.principal)
        assert list(told.data.values()) == [{"id": one} if one in seen else None for one in every[:40]]


@EVERY_VIEWER
async def test_each_row_by_node(ask_unguarded: Asking, viewer: Viewer) -> None:
    for model in readable(viewer):
        seen = set(ids_of(viewer, model))
        every = [as_id(model, row) for row in SAMPLE[model.table.name]][:40]
        each = " ".join(f'at{place}: node(id: "{one}") {{ id }}' for place, one in enumerate(every))
        told = await ask_unguarded(f"{{ {each} }}", viewer.principal)
        assert list(told.data.values()) == [{"id": one} if one in seen else None for one in every]


@EVERY_VIEWER
async def test_links(ask_unguarded: Asking, viewer: Viewer) -> None:
    world = World(viewer.sees)
    for model in readable(viewer):
        parts = [
            f"{link.name}(first: {MAX_PAGE_SIZE}) {{ totalCount nodes {{ id }} }}"
            if link.many
            else f"{link.name} {{ id }}"
            for link in model.links.values()
        ]
        told = await ask_unguarded(
            f"{{ rows: {model.plural}(first: {MAX_PAGE_SIZE}) {{ nodes {{ id {' '.join(parts)} }} }} }}",
            viewer.principal,
        )
        expected: list[Any] = []
        for row in world.rows(model):
            one: dict[str, Any] = {"id": as_id(model, row)}
            for link in model.links.values():
                ids = [{"id": as_id(GRAPH[link.target], other)} for other in world.linked(link, row)]
                linked: Any = {"totalCount": len(ids), "nodes": ids}
                one[link.name] = linked if link.many else next(iter(ids), None)
            expected.append(one)
        assert told.data["rows"]["nodes"] == expected


@EVERY_VIEWER
async def test_counts(ask_unguarded: Asking, viewer: Viewer) -> None:
    for model in seen_by(viewer):
        told = await ask_unguarded(f"{{ groups: {model.plural}Aggregate {{ count }} }}", viewer.principal)
        rows = rows_of(model.table.name, viewer.counts)
        assert told.data["groups"] == ([{"count": len(rows)}] if told_to(viewer, model)(rows) else [])


async def test_a_hidden_row_can_not_be_told_from_one_that_does_not_exist(ask_unguarded: Asking) -> None:
    """Neither by its id, nor by a filter on it, nor through a link to it."""
    hidden = next(row for row in SAMPLE["orders"] if row["customer_id"] != PHARMACY)
    document = """query($id: ID!) {
        order(id: $id) { id }
        node(id: $id) { id }
        nodes(ids: [$id]) { id }
        orders(where: {id: {eq: $id}}) { totalCount nodes { id } pageInfo { hasNextPage startCursor } }
        ordersAggregate(where: {id: {eq: $id}}) { count sum { total } }
        customers(where: {orders: {some: {id: {eq: $id}}}}) { totalCount }
        orderItems(where: {order: {id: {eq: $id}}}) { totalCount }
        products(where: {orderItems: {some: {order: {id: {eq: $id}}}}}) { totalCount }
    }"""
    model = GRAPH["Order"]
    asked = [{"id": as_id(model, hidden)}, {"id": as_id(model, {"id": 999_999})}]
    bodies = [(await ask_unguarded(document, CUSTOMER.principal, one)).answer.body for one in asked]
    assert bodies[0] == bodies[1]
    seen = await ask_unguarded(document, ADMIN.principal, asked[0])
    assert seen.data["order"]["id"] == asked[0]["id"]


@pytest.mark.parametrize("field", ["cnpj", "email", "phone", "address"])
async def test_support_compares_no_personal_data(ask_unguarded: Asking, field: str) -> None:
    for selection in (
        f'customers(where: {{{field}: {{eq: "x"}}}}) {{ totalCount }}',
        f'orders: interactions(where: {{customer: {{{field}: {{startsWith: "x"}}}}}}) {{ totalCount }}',
        f"customers(orderBy: {{field: {field.upper()}}}) {{ totalCount }}",
        f"customersAggregate(groupBy: {{field: {field.upper()}}}) {{ count }}",
    ):
        told = await ask_unguarded(f"{{ {selection} }}", SUPPORT.principal)
        assert told.refusal == "GRAPHQL_VALIDATION_FAILED"
        assert (await ask_unguarded(f"{{ {selection} }}", SALES.principal)).data


async def test_support_sees_no_address(ask_unguarded: Asking) -> None:
    document = "{ customers { nodes { address } } }"
    assert (await ask_unguarded(document, SUPPORT.principal)).refusal == "GRAPHQL_VALIDATION_FAILED"
    assert (await ask_unguarded(document, SALES.principal)).data


@pytest.mark.parametrize(
    "place",
    [
        "customers { nodes { VALUES } }",
        "customers { edges { node { VALUES } } }",
        "customer(id: $id) { VALUES }",
        "node(id: $id) { ... on Customer { VALUES } }",
        "nodes(ids: [$id]) { ... on Customer { VALUES } }",
        "interactions { nodes { customer { VALUES } } }",
        "customersAggregate(where: {id: {eq: $id}}, groupBy: {field: ID}) { key { node { VALUES } } }",
    ],
)
async def test_support_sees_masked_wherever_it_asks(ask_unguarded: Asking, place: str) -> None:
    row = next(row for row in SAMPLE["customers"] if row["email"] and row["phone"] and row["id"] in CONTACTED)
    document = place.replace("VALUES", "cnpj mail: email phone").replace("$id", f'"{as_id(GRAPH["Customer"], row)}"')
    seen = (await ask_unguarded(f"{{ {document} }}", SUPPORT.principal)).answer.body.decode()
    told = (await ask_unguarded(f"{{ {document} }}", ADMIN.principal)).answer.body.decode()
    for name, shown in (("cnpj", row["cnpj"][-4:]), ("mail", "c****@farmacia.example"), ("phone", row["phone"][-4:])):
        value = row["email" if name == "mail" else name]
        assert (f'"{name}":"{value}"' in told, value in seen) == (True, False)
        assert f'"{name}":"{shown if name == "mail" else "****" + shown}"' in seen


async def test_principals_in_turn_get_their_own_rows(ask_unguarded: Asking) -> None:
    """Two principals with the same capabilities share what was prepared for them, and no values."""
    document = "{ orders(first: 200) { nodes { databaseId } } ordersAggregate { count } }"
    for viewer in (SALES, AGENT, CUSTOMER, SALES, CUSTOMER):
        told = await ask_unguarded(document, viewer.principal)
        rows = rows_of("orders", viewer.sees)
        assert told.data == {
            "orders": {"nodes": [{"databaseId": str(row["id"])} for row in rows]},
            "ordersAggregate": [{"count": len(rows)}],
        }


def test_the_sample_tells_viewers_apart() -> None:
    """A test that compares rows proves nothing where everybody sees the same ones."""
    for table in ("customers", "orders", "order_items", "customer_interactions"):
        sizes = {len(rows_of(table, viewer.sees)) for viewer in (ADMIN, SALES, CUSTOMER)}
        assert len(sizes) == 3
        assert 0 not in sizes
    assert CUSTOMERS[PHARMACY]["tier_id"] is not None
