"""GraphQL that the pages show is GraphQL that the gateway takes."""

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

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
