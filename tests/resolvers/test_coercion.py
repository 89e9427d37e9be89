"""Variables are coerced as graphql-core does it, whatever was given."""

from typing import Any

import pytest
from graphql import build_schema, parse
from graphql.execution import get_variable_values
from graphql.execution.values import VariableValues
from graphql.language import OperationDefinitionNode

from resolvers.coercion import Coercer

SCHEMA = build_schema("""
    enum Word { ONE TWO }
    input Inner { number: Int! = 3, word: Word, list: [Int!] }
    type Query { field(a: Int, b: String!, c: Inner, d: [Word!]): Int }
""")
DOCUMENT = parse("query ($a: Int = 7, $b: String!, $c: Inner, $d: [Word!]) { field(a: $a, b: $b, c: $c, d: $d) }")

GIVEN: list[dict[str, Any]] = [
    {"b": "text"},
    {"b": "text", "a": None},
    {"b": "text", "a": 1, "c": {}, "d": "ONE"},
    {"b": "text", "c": {"number": 1, "word": "TWO", "list": 5}, "d": []},
    {"b": "text", "c": None, "d": None, "more": 1},
    {},
    {"b": None},
    {"b": 5},
    {"b": "text", "a": "1"},
    {"b": "text", "a": 2**40},
    {"b": "text", "c": {"number": None}},
    {"b": "text", "c": {"nothing": 1}},
    {"b": "text", "d": ["THREE", None]},
    {"b": "text", "c": []},
]


@pytest.mark.parametrize("given", GIVEN, ids=repr)
def test_it_says_what_graphql_core_says(given: dict[str, Any]) -> None:
    operation = DOCUMENT.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    expected = get_variable_values(SCHEMA, operation.variable_definitions or (), given)
    found = Coercer(SCHEMA, operation)(given)
    if isinstance(expected, VariableValues):
        assert found == expected.coerced
    else:
        assert isinstance(found, list)
        assert [error.formatted for error in found] == [error.formatted for error in expected]
