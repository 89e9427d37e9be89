"""What is wrong with an operation is told with its code and status, whatever it is."""

from typing import Any

import pytest

from resolvers.engine import MutationByGet, Operation
from tests.graph import Asking
from tests.model.viewers import ADMIN


@pytest.mark.parametrize(
    "document",
    [
        "",
        " ",
        "#",
        "\0",
        "{",
        "{ orders }}",
        "query",
        "{ orders { } }",
        "{ orders(first: ) { totalCount } }",
        '{ a: "',
        "\ufeff{",
        '{ a(b: "\\uD800") }',
        '{ a(b: "\ud800") }',
        "{ \ud800 }",
        "\ud800",
    ],
)
async def test_what_is_no_graphql_is_told(ask: Asking, document: str) -> None:
    told = await ask(document)
    assert (told.refusal, told.status) == ("GRAPHQL_PARSE_FAILED", 400)


@pytest.mark.parametrize(
    "document",
    [
        "{ nothing }",
        "{ orders { nodes { nothing } } }",
        "{ orders }",
        "{ orders(last: $n) { totalCount } }",
        "query($n: Int) { orders { totalCount } }",
        "query($n: String) { orders(first: $n) { totalCount } }",
        "query($n: Nothing) { orders(first: $n) { totalCount } }",
        '{ orders(first: "1") { totalCount } }',
        "{ orders(first: 2147483648) { totalCount } }",
        "{ orders(where: {status: {eq: UNKNOWN}}) { totalCount } }",
        '{ orders(where: {status: {eq: "SHIPPED"}}) { totalCount } }',
        "{ orders(where: {status: {in: [SHIPPED, null]}}) { totalCount } }",
        "{ orders(orderBy: {direction: DESC}) { totalCount } }",
        "{ orders(orderBy: {field: TOTAL, direction: null}) { totalCount } }",
        "{ orders(orderBy: {field: NOTHING}) { totalCount } }",
        '{ orders(where: {total: {eq: "1,5"}}) { totalCount } }',
        '{ orders(where: {orderDate: {eq: "2026-02-30T00:00:00Z"}}) { totalCount } }',
        "{ orders(where: {databaseId: {eq: 1.0}}) { totalCount } }",
        "{ order { id } }",
        "{ order(id: null) { id } }",
        "{ order(id: 1.5) { id } }",
        "mutation { a }",
        "subscription { a }",
        "{ ...A } fragment A on Query { ...A }",
        "{ ...B }",
        "{ orders @skip { totalCount } }",
        "{ orders @nothing { totalCount } }",
        "query A { __typename } query A { __typename }",
    ],
)
async def test_what_does_not_fit_the_schema_is_told(ask: Asking, document: str) -> None:
    told = await ask(document)
    assert (told.refusal, told.status) == ("GRAPHQL_VALIDATION_FAILED", 400)
    assert all(error["locations"] for error in told.errors)
    assert told.statements == []


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ("query A { __typename } query B { __typename }", None),
        ("query A { __typename } query B { __typename }", "C"),
        ("query A { __typename }", ""),
        ("{ __typename }", "A"),
        ("query A { __typename }", "\ud800"),
    ],
)
async def test_an_operation_that_can_not_be_found_is_told(ask: Asking, document: str, name: str | None) -> None:
    told = await ask(document, name=name)
    assert (told.refusal, told.status) == ("BAD_USER_INPUT", 400)


async def test_an_operation_is_found_by_its_name(ask: Asking) -> None:
    document = "query A { orders(first: 1) { totalCount } } query B { products(first: 1) { totalCount } }"
    assert (await ask(document, name="A")).data == {"orders": {"totalCount": 60}}
    assert (await ask(document, name="B")).data == {"products": {"totalCount": 30}}


async def test_a_mutation_is_refused_where_it_may_not_write(ask: Asking) -> None:
    for _ in range(2):
        with pytest.raises(MutationByGet):
            await ask.engine.execute(Operation("mutation { a }", may_write=False), ADMIN.principal)
        assert (await ask("mutation { a }")).refusal == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("definition", "use", "variables"),
    [
        ("$n: Int", "orders(first: $n)", {"n": "1"}),
        ("$n: Int", "orders(first: $n)", {"n": 1.5}),
        ("$n: Int", "orders(first: $n)", {"n": True}),
        ("$n: Int", "orders(first: $n)", {"n": 2**31}),
        ("$n: Int", "orders(first: $n)", {"n": 10**400}),
        ("$n: Int!", "orders(first: $n)", {}),
        ("$n: Int!", "orders(first: $n)", {"n": None}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": []}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": "x"}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": {"nothing": 1}}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": {"\ud800": 1}}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": {"": None}}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": {"status": {"eq": "shipped"}}}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": {"status": {"eq": "\ud800"}}}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": {"status": {"in": [None]}}}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": {"total": {"eq": "\ud800"}}}),
        ("$w: OrderFilter", "orders(where: $w)", {"w": {"customer": {"name": {"eq": {}}}}}),
        ("$o: [OrderOrderBy!]", "orders(orderBy: $o)", {"o": [None]}),
        ("$o: [OrderOrderBy!]", "orders(orderBy: $o)", {"o": [{"direction": "DESC"}]}),
        ("$o: [OrderOrderBy!]", "orders(orderBy: $o)", {"o": [{"field": "TOTAL", "direction": None}]}),
        ("$d: SortDirection", "orders(orderBy: {field: TOTAL, direction: $d})", {"d": None}),
        ("$d: SortDirection = ASC", "orders(orderBy: {field: TOTAL, direction: $d})", {"d": None}),
        ("$id: ID!", "orders(where: {id: {eq: $id}})", {"id": 1.5}),
        ("$id: ID!", "orders(where: {id: {eq: $id}})", {"id": ["T3JkZXI6MQ=="]}),
        ("$s: Boolean! = true", "orders @include(if: $s)", {"s": None}),
    ],
)
async def test_variables_that_can_not_be_used_are_told(
    ask: Asking, definition: str, use: str, variables: dict[str, Any]
) -> None:
    told = await ask(f"query({definition}) {{ {use} {{ totalCount }} }}", variables=variables)
    assert (told.refusal, told.status) == ("BAD_USER_INPUT", 400)
    assert told.statements == []


async def test_variables_that_nobody_asked_for_are_left_alone(ask: Asking) -> None:
    assert (await ask("{ __typename }", variables={"n": "\ud800"})).data == {"__typename": "Query"}


_FIRST = "out of range: ask for 1 to 200 rows."
_EXCLUSIVE = "`first` and `last` exclude each other: pass one of them."


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("first: -1", _FIRST),
        ("first: 0", _FIRST),
        ("first: 201", _FIRST),
        ("first: 1000000000", _FIRST),
        ("last: -1", _FIRST),
        ("last: 0", _FIRST),
        ("last: 201", _FIRST),
        ("first: 1, last: 1", _EXCLUSIVE),
        ("first: 0, last: 0", _EXCLUSIVE),
    ],
)
@pytest.mark.parametrize("field", ["orders({})", "orders(first: 1) {{ nodes {{ items({}) {{ totalCount }} }} }}"])
async def test_a_page_has_limits(ask: Asking, field: str, arguments: str, message: str) -> None:
    selection = field.format(arguments)
    told = await ask("{ " + (selection if selection.endswith("}") else selection + " { totalCount }") + " }")
    assert (told.refusal, told.status) == ("BAD_USER_INPUT", 400)
    assert all(error["message"].endswith(message) for error in told.errors)


@pytest.mark.parametrize(
    "where",
    [
        "{status: null}",
        "{and: null}",
        "{or: null}",
        "{not: null}",
        "{id: null}",
        "{id: {eq: null}}",
        "{status: {eq: null}}",
        "{total: {gt: null}}",
        "{notes: {isNull: null}}",
        "{customer: null}",
        "{items: null}",
        "{items: {some: null}}",
        "{items: {every: null}}",
    ],
)
async def test_null_is_no_condition(ask: Asking, where: str) -> None:
    told = await ask(f"{{ orders(where: {where}) {{ totalCount }} }}")
    assert (told.refusal, told.status) == ("BAD_USER_INPUT", 400)


@pytest.mark.parametrize("where", ["{}", "{and: []}", "{total: {}}", "{not: {or: []}}", "{id: {}}", "{customer: {}}"])
async def test_no_condition_holds_for_every_row(ask: Asking, where: str) -> None:
    told = await ask(f"{{ orders(where: {where}) {{ totalCount }} }}")
    assert told.data == {"orders": {"totalCount": 60}}


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfffb"])
@pytest.mark.parametrize(
    "where",
    [
        lambda text: {"name": {"eq": text}},
        lambda text: {"name": {"in": ["a", text]}},
        lambda text: {"name": {"contains": text}},
        lambda text: {"not": {"name": {"endsWith": text}}},
        lambda text: {"id": {"eq": text}},
        lambda text: {"orders": {"some": {"notes": {"notIn": [text]}}}},
    ],
)
async def test_characters_that_no_value_has_are_told(ask: Asking, where: Any, text: str) -> None:
    told = await ask(
        "query($where: CustomerFilter) { customers(where: $where) { totalCount nodes { id } } }",
        variables={"where": where(text)},
    )
    assert (told.refusal, told.status) == ("BAD_USER_INPUT", 400)


@pytest.mark.parametrize("argument", ["after", "before"])
async def test_cursors_with_such_characters_are_told(ask: Asking, argument: str) -> None:
    told = await ask(f"query($c: String) {{ orders({argument}: $c) {{ totalCount }} }}", variables={"c": "\ud800\0"})
    assert (told.refusal, told.status) == ("BAD_USER_INPUT", 400)


async def test_lists_have_limits(ask: Asking) -> None:
    document = """query($where: CustomerFilter, $ids: [ID!]!) {
        customers(where: $where) { totalCount } nodes(ids: $ids) { id }
    }"""
    for where in ({"name": {"in": ["a"] * 201}}, {"name": {"notIn": ["a"] * 201}}, {"id": {"in": ["a"] * 201}}):
        told = await ask(document, variables={"where": where, "ids": []})
        assert told.refusal == "BAD_USER_INPUT"
    told = await ask(document, variables={"where": {}, "ids": ["Q3VzdG9tZXI6MQ=="] * 201})
    assert told.refusal == "BAD_USER_INPUT"
    told = await ask(document, variables={"where": {"name": {"in": ["a"] * 200}}, "ids": ["Q3VzdG9tZXI6MQ=="] * 200})
    assert told.data == {"customers": {"totalCount": 0}, "nodes": [None] * 200}


async def test_at_most_so_many_errors_are_told(ask: Asking) -> None:
    told = await ask("{ " + " ".join(f"nothing{place}" for place in range(500)) + " }")
    assert told.refusal == "GRAPHQL_VALIDATION_FAILED"
    assert len(told.errors) <= 21
    assert len(told.answer.body) < 10_000
