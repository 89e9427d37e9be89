"""Each operator on each kind of field, and each way through a link, against the model; and against its own negation."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from schema.model import Kind, Model, ScalarField
from tests.graph import MAX_PAGE_SIZE, Asking
from tests.model.filters import matches
from tests.model.viewers import ADMIN, CUSTOMER, SALES, SALES_AND_ANALYST, Viewer
from tests.model.world import GRAPH, World, as_id
from tests.operations import OPERATORS, Given
from tests.sample import SAMPLE

# Of each kind a field that always has a value and, where there is one, a field that may have none.
FIELDS = (
    *("Order.databaseId", "Customer.name", "Customer.email", "Product.description"),
    *("InventoryItem.quantityAvailable", "Interaction.resolutionTimeMinutes", "Order.total", "Customer.creditLimit"),
    *("Order.orderDate", "Order.shippedAt", "Product.isGeneric", "Order.status", "Interaction.agentType"),
    "Supplier.contactInfo",
)
PIECES = ("", " ", "%", "_", "\\", "\\%", "a_b", "100%", "100", "drogaria", "DROGARIA", "são", "SÃO", "{0}", "'", "💊")
MOST = 40
"""Filters that are asked at once."""


def operands(field: ScalarField, operator: str) -> Iterator[Any]:
    rows = SAMPLE[field.column.table.name]
    held = [] if field.kind is Kind.JSON else sorted({row[field.column.name] for row in rows} - {None})
    match field.kind:
        case Kind.WORD:
            values: list[Any] = [value.upper() for value in held]
        case Kind.KEY:
            values = [str(value) for value in held[:3]]
        case Kind.DECIMAL:
            values = [str(value) for value in held] + [str(value + Decimal("0.004")) for value in held]
        case Kind.DATETIME:
            values = [value.isoformat() for value in held]
        case Kind.STRING:
            values = held + [value.upper() for value in held]
        case _:
            values = held
    if operator == "isNull":
        yield from (True, False)
    elif operator in ("in", "notIn"):
        yield from ([], values[:1], values[1:4], values)
    elif operator in ("contains", "startsWith", "endsWith"):
        yield from PIECES
    else:
        yield from values


async def check(ask: Asking, viewer: Viewer, model: Model, filters: list[Given]) -> None:
    """Ask for the rows of each filter, in as few operations as may be."""
    world = World(viewer.sees)
    rows = world.rows(model)
    told_apart = set()
    for start in range(0, len(filters), MOST):
        some = filters[start : start + MOST]
        definitions = ", ".join(f"$w{at}: {model.name}Filter" for at in range(len(some)))
        fields = " ".join(
            f"r{at}: {model.plural}(where: $w{at}, first: {MAX_PAGE_SIZE}) {{ nodes {{ id }} }}"
            for at in range(len(some))
        )
        variables = {f"w{at}": where for at, where in enumerate(some)}
        told = await ask(f"query({definitions}) {{ {fields} }}", viewer.principal, variables)
        for at, where in enumerate(some):
            expected = [as_id(model, row) for row in rows if matches(world, model, row, where)]
            assert [node["id"] for node in told.data[f"r{at}"]["nodes"]] == expected, where
            told_apart.add(len(expected))
    assert len(told_apart) > 1, "filters that all give the same show nothing"


@pytest.mark.parametrize("coordinate", FIELDS)
async def test_operators(ask_unguarded: Asking, coordinate: str) -> None:
    name, _, field_name = coordinate.partition(".")
    field = GRAPH[name].fields[field_name]
    conditions: list[Given] = [
        {field_name: {operator: operand}} for operator in OPERATORS[field.kind] for operand in operands(field, operator)
    ]
    await check(ask_unguarded, ADMIN, GRAPH[name], [*conditions, *({"not": condition} for condition in conditions)])


def test_fields_of_each_kind_are_tried() -> None:
    tried = {GRAPH[name].fields[field].kind for name, _, field in (one.partition(".") for one in FIELDS)}
    assert tried == {field.kind for model in GRAPH for field in model.fields.values()}


@pytest.mark.parametrize("viewer", [ADMIN, SALES, CUSTOMER, SALES_AND_ANALYST], ids=str)
async def test_links(ask_unguarded: Asking, viewer: Viewer) -> None:
    """Rows that somebody does not see are not there for a filter either."""
    seen = GRAPH.seen_by(viewer.principal.capabilities)
    for model in seen:
        if not model.readable or not model.links:
            continue
        filters: list[Given] = [{}, {"id": {"in": []}}]
        for link in model.links.values():
            # One of the rows that the link may lead to, of which some are hidden.
            ids = [as_id(GRAPH[link.target], row) for row in SAMPLE[GRAPH[link.target].table.name][:25:4]]
            inner: list[Given] = [{}, {"id": {"in": ids}}, {"not": {"id": {"in": ids}}}]
            words = ("some", "every", "none")
            filters += [{link.name: {word: one} if link.many else one} for one in inner for word in words]
        await check(ask_unguarded, viewer, model, [*filters, *({"not": where} for where in filters)])


@pytest.mark.parametrize(
    "where",
    [
        {"and": []},
        {"or": []},
        {"not": {"or": []}},
        {"and": [{"status": {"eq": "SHIPPED"}}, {"or": []}]},
        {"or": [{"total": {"gt": "50"}}, {"shippedAt": {"isNull": True}}]},
        {"not": {"and": [{"total": {"gt": "50"}}, {"shippedAt": {"lt": "2025-01-01T00:00:00Z"}}]}},
        {"total": {"gt": "5", "lt": "100"}, "notes": {"isNull": False, "contains": "URG"}},
        {"or": [{"not": {"not": {"total": {"eq": "10"}}}}, {"total": {"eq": "10.010"}}]},
    ],
)
async def test_logic(ask_unguarded: Asking, where: Given) -> None:
    await check(ask_unguarded, ADMIN, GRAPH["Order"], [where, {}, {"id": {"in": []}}])
