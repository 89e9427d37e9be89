"""No usual operation reads a large table from end to end, or much more of one than it shows."""

from collections.abc import Iterator

import pytest

from resolvers.engine import Operation
from schema.entity import Field
from schema.global_id import global_id
from schema.model import Kind, Model, ScalarField
from tests.graph import new_engine
from tests.model.viewers import ADMIN, CUSTOMER, OPERATIONS, SALES, SUPPORT, Viewer
from tests.model.world import GRAPH
from tests.resolvers.compiled.explained import MOST_READ, Explained, nodes, read, scanned

USUAL = {
    "point": """query { order(id: "ORDER") { id status customer { name } items { nodes { product { name
        manufacturer { name } } } } } }""",
    "feed": """query { orders(orderBy: [{field: DATABASE_ID, direction: DESC}]) { nodes { id customer { name }
        items { nodes { quantity product { name manufacturer { name } } } } } pageInfo { hasNextPage endCursor } } }""",
    "latest": """query { orders(first: 20, orderBy: [{field: ORDER_DATE, direction: DESC}]) {
        nodes { id customer { name tier { name } } } } }""",
    "last": "query { orders(last: 30, orderBy: [{field: ORDER_DATE}]) { nodes { id } pageInfo { startCursor } } }",
    "contacts": """query { interactions(orderBy: [{field: INTERACTION_DATE, direction: DESC}]) {
        nodes { subject customer { name } } } }""",
    "nested": """query { customers(first: 100) { nodes { id orders(last: 5) { nodes { id items { nodes { id } } }
        pageInfo { hasPreviousPage } } } } }""",
    "one customer's": """query { customer(id: "CUSTOMER") { orders(first: 3) { nodes { id } } } }""",
}


@pytest.mark.parametrize("viewer", [ADMIN, SALES, CUSTOMER], ids=str)
@pytest.mark.parametrize("name", USUAL)
async def test_large_tables_are_read_through_an_index(database: Explained, name: str, viewer: Viewer) -> None:
    document = USUAL[name].replace('ORDER"', f'{global_id("Order", 77)}"')
    document = document.replace('CUSTOMER"', f'{global_id("Customer", 77)}"')
    answer = await new_engine(database, compiling=True).execute(Operation(document), viewer.principal)
    assert answer.status == 200
    assert database.plans
    for plan in database.plans:
        assert not scanned(plan)


def is_indexed(field: ScalarField) -> bool:
    """Tell whether rows are declared to be often ordered by a field."""
    declared: Field = field.column.info.get("field", Field())
    return declared.indexed


def pages(model: Model) -> Iterator[str]:
    """Yield pages of an entity: in the default order and in those that are declared to be usual, from both ends."""
    usual = (field for field in model.fields.values() if field.kind is Kind.KEY or is_indexed(field))
    for name in (field.constant for field in usual):
        for size, direction in (("first", "ASC"), ("first", "DESC"), ("last", "ASC")):
            arguments = f"{size}: 20, orderBy: {{field: {name}, direction: {direction}}}"
            yield f"{{ {model.plural}({arguments}) {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor }} }} }}"


def linked(model: Model) -> Iterator[str]:
    """Yield a page of an entity with the first rows of each link."""
    for link in model.links.values():
        body = "(first: 3) { nodes { id } pageInfo { hasNextPage } }" if link.many else "{ id }"
        yield f"{{ {model.plural}(first: 20) {{ nodes {{ id {link.name}{body} }} }} }}"


@pytest.mark.parametrize("viewer", [ADMIN, SALES, CUSTOMER, OPERATIONS, SUPPORT], ids=str)
async def test_pages_read_hardly_more_than_they_show(database: Explained, viewer: Viewer) -> None:
    engine = new_engine(database, compiling=True)
    seen = GRAPH.seen_by(viewer.principal.capabilities)
    for document in (one for model in seen if model.readable for one in (*pages(model), *linked(model))):
        database.plans.clear()
        answer = await engine.execute(Operation(document), viewer.principal)
        assert answer.status == 200, (document, answer.body)
        [plan] = database.plans
        assert not scanned(plan), document
        assert all(number <= MOST_READ for number in read(plan).values()), (document, read(plan))


async def test_a_page_is_planned_for_its_size(database: Explained) -> None:
    """Not for a tenth of the table, as PostgreSQL does where it does not know how many rows are asked for."""
    engine = new_engine(database, compiling=True)
    asked = Operation("query($first: Int!) { orders(first: $first) { nodes { id customer { name } } } }")
    for first, most in ((5, 8), (50, 64), (200, 512)):
        await engine.execute(asked._replace(variables={"first": first}), ADMIN.principal)
        limits = [node["Plan Rows"] for node in nodes(database.plans[-1]) if node["Node Type"] == "Limit"]
        assert max(limits) == most


@pytest.mark.parametrize("model", list(GRAPH), ids=lambda model: model.name)
def test_links_and_usual_orders_have_an_index(model: Model) -> None:
    """That begins with the column and ends with the key, so that a page of it is read in order."""
    indexes = {tuple(column.key for column in index.columns) for index in model.table.indexes}
    columns = {link.remote.key for other in GRAPH for link in other.links.values() if link.target == model.name}
    columns |= {field.column.key for field in model.fields.values() if is_indexed(field)}
    assert {(column, model.key.key) for column in columns - {model.key.key}} <= indexes
