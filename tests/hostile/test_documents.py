"""Hostile documents are refused, without a statement and in few words; what clients do send is not."""

import pytest
from graphql import get_introspection_query

from tests.golden.test_operations import OPERATIONS, variables_of, viewer_of
from tests.graph import Asking
from tests.hostile.shapes import SHAPES, hostile_documents

CODES = {"TOO_EXPENSIVE", "BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}
HEAD = 1_200


async def test_documents_of_every_shape_are_refused(ask_limited: Asking) -> None:
    for name, document in hostile_documents(500):
        told = await ask_limited(document)
        assert told.refusal in CODES, name
        assert told.statements == [], name
        assert told.status == 400, name
        assert len(told.errors) <= 20, name
        assert len(told.answer.body) <= 4 * (len(document) + HEAD), name


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("nested", 14),
        ("aliases", 201),
        ("repeated", 80),
        ("repeated deeply", 72),
        ("directives", 101),
        ("fan-out", 11),
        ("fan-out", 24),
        ("fan-out of nothing", 24),
        ("fan-out, nested", 24),
        ("fan-out that nothing spreads", 24),
        ("inline fragments", 200),
        ("operations", 1_000),
        ("fragments", 65),
        ("literal list", 1_001),
        ("literal depth", 50),
        ("comments", 25_000),
    ],
)
async def test_what_is_too_much_is_called_that(ask_limited: Asking, name: str, size: int) -> None:
    assert (await ask_limited(SHAPES[name][0](size))).refusal == "TOO_EXPENSIVE"


@pytest.mark.parametrize("number", [1, 2, 60])
async def test_a_circle_of_fragments_is_named(ask_limited: Asking, number: int) -> None:
    for name in ("circle", "circle through fields"):
        told = await ask_limited(SHAPES[name][0](number))
        assert told.refusal == "GRAPHQL_VALIDATION_FAILED"
        assert "spreads itself" in told.errors[0]["message"]


async def test_a_circle_that_nothing_spreads(ask_limited: Asking) -> None:
    circle = "fragment A on Category { ...B } fragment B on Category { ...A }"
    told = await ask_limited("{ categories { totalCount } } " + circle)
    assert told.refusal == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    "document",
    [
        get_introspection_query(input_value_deprecation=True),
        '{ categories(where: {name: {eq: "' + "{" * 1_500 + "@" * 200 + '"}}) { totalCount } }',
        '{ categories(where: {name: {eq: """' + "{ @" * 1_500 + '"""}}) { totalCount } }',
        "{ categories { totalCount } } #" + "{@" * 2_000,
        "{ " + " ".join(f"a{at}: categories {{ totalCount }}" for at in range(20)) + " }",
        "{ categories { nodes { " + "id " * 60 + "} } }",
        "query Q($a: [ID!]!) { nodes(ids: $a) { id } }",
    ],
)
async def test_what_only_looks_hostile_is_answered(ask_limited: Asking, document: str) -> None:
    assert (await ask_limited(document, variables={"a": []})).data


async def test_the_usual_operations_are_answered(ask_limited: Asking) -> None:
    for path in OPERATIONS:
        document = path.read_text()
        told = await ask_limited(document, viewer_of(document).principal, variables_of(path))
        assert told.data is not None


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ids": ["x"] * 1_001}, "more than 1,000 items"),
        ({"ids": [["x"] * 1_001]}, "more than 1,000 items"),
        ({"first": 10**51}, "more than 50 digits"),
        ({"first": -(10**51)}, "more than 50 digits"),
        ({"ids": {"a": {"b": [{"c": ["x"] * 1_001}]}}}, "more than 1,000 items"),
    ],
)
async def test_variables(ask_limited: Asking, variables: dict[str, object], words: str) -> None:
    document = (
        "query ($ids: [ID!] = [], $first: Int) { nodes(ids: $ids) { id } categories(first: $first) { totalCount } }"
    )
    told = await ask_limited(document, variables=variables)
    assert told.refusal == "BAD_USER_INPUT"
    assert words in told.errors[0]["message"]
