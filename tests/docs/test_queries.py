"""GraphQL that the pages show is GraphQL that the gateway takes."""

import re

import pytest
from graphql import GraphQLInputObjectType, GraphQLSchema, build_schema, parse, validate

from tests.docs.tree import code_blocks, documents, name_of, read

EXAMPLES = [
    pytest.param(block, id=f"{name_of(page)}-{number}")
    for page in documents()
    for number, block in enumerate(code_blocks(page, "graphql"), 1)
]


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(read("schema/schema.graphql"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_valid(schema: GraphQLSchema, example: str) -> None:
    assert validate(schema, parse(example)) == []


def test_the_page_has_every_operator_of_filters_and_no_other(schema: GraphQLSchema) -> None:
    conditions = [
        kind
        for kind in schema.type_map.values()
        if isinstance(kind, GraphQLInputObjectType) and kind.name.endswith("Filter") and "eq" in kind.fields
    ]
    table = re.search(
        r"^\| fields \| operators \|\n(.+?)\n\n", read("docs/querying.md"), flags=re.MULTILINE | re.DOTALL
    )
    assert table
    told = set(re.findall(r"`(\w+)`", table[1])) - {"id"}
    assert told == {operator for kind in conditions for operator in kind.fields}
