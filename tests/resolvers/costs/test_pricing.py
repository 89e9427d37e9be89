"""Prices: what each kind of field costs, and that no answer has more rows than were paid for."""

from typing import Any

import pytest
from graphql import get_introspection_query, get_operation_ast, parse, validate
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from resolvers.coercion import Coercer
from resolvers.costs import price_of
from resolvers.costs.price import Cost, Price
from resolvers.reference.resolvers import ReferenceResolvers
from schema.derive.build import build
from tests.graph import MAX_PAGE_SIZE, PAGE_SIZE, Asking
from tests.model.viewers import ADMIN, Viewer
from tests.model.world import GRAPH
from tests.profiles import examples
from tests.resolvers.compiled.test_oracle import SEEING, documents_of
from tests.resolvers.costs.counting import rows_in, with_types

SCHEMA = build(
    GRAPH.seen_by(ADMIN.principal.capabilities),
    ReferenceResolvers(),
    page_size=PAGE_SIZE,
    max_page_size=MAX_PAGE_SIZE,
)._schema
ENTITIES = {model.name for model in GRAPH}


def price(text: str, name: str | None = None) -> Price:
    document = parse(text)
    assert validate(SCHEMA, document) == []
    operation = get_operation_ast(document, name)
    assert operation is not None
    return price_of(SCHEMA, document, operation, max_page_size=MAX_PAGE_SIZE)


def cost(text: str, name: str | None = None, **variables: Any) -> Cost:
    return price(text, name)(variables)


@pytest.mark.parametrize(
    ("text", "rows", "work"),
    [
        ('{ order(id: "x") { id } }', 1, 0),
        ('{ order(id: "x") { id customer { id tier { id } } } }', 3, 0),
        ("{ __typename }", 0, 0),
        ("{ orders { nodes { id } } }", PAGE_SIZE, 0),
        ("{ orders(first: 7) { nodes { id } } }", 7, 0),
        ("{ orders(last: 7) { nodes { id } } }", 7, 0),
        ("{ orders(first: null) { nodes { id } } }", PAGE_SIZE, 0),
        ("{ orders(first: 1000000) { nodes { id } } }", MAX_PAGE_SIZE, 0),
        ("{ orders(first: -1) { nodes { id } } }", 0, 0),
        ("{ orders(first: 7) { edges { cursor node { id } } pageInfo { endCursor } } }", 14, 0),
        ("{ orders(first: 7) { nodes { id } edges { node { id } } } }", 21, 0),
        ("{ orders(first: 7) { edges { cursor } } }", 7, 0),
        ("{ orders(first: 7) { nodes { items(first: 3) { edges { __typename } } } } }", 28, 0),
        ("{ orders(first: 7) { nodes { id notes status } } }", 7, 0),
        ("{ orders(first: 7) { nodes { id a: notes b: notes notes } } }", 7, 14),
        ("{ orders(first: 7) { nodes { ...A ...A notes } } } fragment A on Order { notes }", 7, 0),
        ("{ orders(first: 7) { edges { a: cursor b: cursor } } }", 7, 7),
        ("{ ordersAggregate(groupBy: {field: ID}, first: 3) { sum { a: total b: total } } }", 0, 13),
        ("{ orders(first: 7) { totalCount } }", 0, 5),
        ("{ orders(first: 7) { nodes { items(first: 3) { totalCount nodes { product { id } } } } } }", 49, 35),
        ("{ orders(first: 7) { nodes { id } } orders(first: 7) { nodes { customer { id } } } }", 14, 0),
        ("{ a: orders(first: 7) { nodes { id } } b: orders(first: 7) { nodes { id } } }", 14, 0),
        ("{ orders(first: 7) { ...A ...A } } fragment A on OrderConnection { nodes { id } }", 7, 0),
        ('{ nodes(ids: ["a", "b"]) { id } }', 2, 0),
        ('{ node(id: "a") { id ... on Order { customer { id } } ... on Customer { tier { id } } } }', 3, 0),
        ("{ ordersAggregate { count sum { total } } }", 0, 10),
        ("{ ordersAggregate(groupBy: {field: ID}) { count key { node { id } } } }", MAX_PAGE_SIZE, 10),
        ("{ ordersAggregate(groupBy: {field: ID}, first: 3) { count key { node { id } } } }", 3, 10),
        ("{ ordersAggregate(groupBy: []) { key { node { id } } } }", 1, 10),
        ("{ orders(first: 7) @skip(if: true) { nodes { id } } }", 0, 0),
        ("{ orders(first: 7) @include(if: false) { nodes { id } } __typename }", 0, 0),
        ("{ orders(first: 7) @include(if: true) { nodes { id } } }", 7, 0),
    ],
)
def test_what_each_field_costs(text: str, rows: int, work: int) -> None:
    assert cost(text) == Cost(rows, work)


PAGES = "query ($n: Int, $m: Int = 3) { orders(first: $n) { nodes { items(last: $m) { nodes { id } } } } }"


@pytest.mark.parametrize(
    ("variables", "rows"),
    [
        ({"n": 10, "m": 2}, 10 + 20),
        ({"n": 10, "m": None}, 10 + 10 * PAGE_SIZE),
        ({"n": None, "m": 1}, PAGE_SIZE * 2),
        ({"m": 1}, PAGE_SIZE * 2),
        ({"n": 0, "m": 5}, 0),
        ({"n": 2**31 - 1, "m": 2**31 - 1}, MAX_PAGE_SIZE + MAX_PAGE_SIZE**2),
    ],
)
def test_sizes_in_variables(variables: dict[str, Any], rows: int) -> None:
    assert cost(PAGES, **variables).rows == rows


def test_conditions_in_variables() -> None:
    text = """query ($a: Boolean!, $b: Boolean!) {
        orders(first: 5) @include(if: $a) { nodes { id customer @skip(if: $b) { id } } }
        orders(first: 5) @include(if: $a) { nodes { id } }
    }"""
    assert cost(text, a=True, b=False).rows == 10
    assert cost(text, a=True, b=True).rows == 5
    # Fields that merge under different conditions are taken to be there.
    assert cost(text, a=False, b=True).rows == 5
    alone = "query ($a: Boolean!) { ... @include(if: $a) { orders(first: 5) { nodes { id } } } }"
    assert (cost(alone, a=True).rows, cost(alone, a=False).rows) == (5, 0)


def test_lists_and_groups_in_variables() -> None:
    text = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Order { customer { id } } } }"
    assert cost(text, ids=["a", "b", "c"]).rows == 6
    text = "query ($by: [OrderGroupBy!], $n: Int) { ordersAggregate(groupBy: $by, first: $n) { key { node { id } } } }"
    assert cost(text).rows == 1
    assert cost(text, by=[]).rows == 1
    assert cost(text, by=[{"field": "ID"}]).rows == MAX_PAGE_SIZE
    assert cost(text, by=[{"field": "ID"}], n=4).rows == 4


def test_each_operation_of_a_document_has_its_price() -> None:
    text = "query A { orders { nodes { id } } } query B { orders(first: 1) { nodes { id } } }"
    assert [cost(text, name).rows for name in "AB"] == [PAGE_SIZE, 1]


def test_introspection_has_a_price() -> None:
    assert cost(get_introspection_query()) == Cost(0, 100)


def test_one_price_serves_all_variables() -> None:
    orders = price("""query($first: Int, $ids: [ID!]!, $wants: Boolean!, $by: [OrderGroupBy!]) {
        nodes(ids: $ids) { id } ordersAggregate(groupBy: $by) { count }
        orders(first: $first) @include(if: $wants) { nodes { id items(first: $first) { nodes { id } } } }
    }""")
    aggregates, of_one, of_no_id = 10, 4 + 4 * 4, 0
    for first, ids, wants, by, rows in [
        (4, [], True, [], of_one + of_no_id),
        (4, [], False, [], of_no_id),
        (4, ["a"], False, [], 1),
        (4, ["b"], False, [], 1),
        (4, ["a", "b"], True, [], of_one + 2),
        (4, ["a", "b"], True, [{"field": "ID"}], of_one + 2),
        (5, ["a", "b"], True, [], 5 + 5 * 5 + 2),
        (None, ["a", "b"], False, [], 2),
        (4, [], True, [], of_one + of_no_id),
    ]:
        variables = {"first": first, "ids": ids, "wants": wants, "by": by}
        assert orders(variables).rows == rows, variables
        assert orders(variables).requested == rows + aggregates


def test_what_was_not_there_is_not_paid() -> None:
    assert Cost(50, 10).actual(3) == 13
    assert Cost(50, 10).actual(1_000) == 60


@settings(examples(150), suppress_health_check=list(HealthCheck))
@given(data=st.data(), viewer=st.sampled_from(SEEING))
async def test_no_answer_has_more_rows_than_its_price(
    ask_compiled: Asking, viewer: Viewer, data: st.DataObject
) -> None:
    document = data.draw(documents_of(viewer))
    told = await ask_compiled(with_types(document.text), viewer.principal, document.variables)
    assume("data" in told.response)
    parsed = parse(document.text)
    operation = get_operation_ast(parsed)
    assert operation is not None
    variables = Coercer(SCHEMA, operation)(document.variables)
    assert not isinstance(variables, list)
    found = price_of(SCHEMA, parsed, operation, max_page_size=MAX_PAGE_SIZE)(variables)
    rows = rows_in(told.response["data"], ENTITIES)
    assert rows <= found.rows
    # What is counted in the response's bytes is no less than its rows.
    assert found.actual(told.answer.body.count(b"{")) >= rows
