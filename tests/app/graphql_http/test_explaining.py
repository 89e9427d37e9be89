"""The header `GraphQL-Explain`."""

from collections.abc import Iterator

import httpx
import pytest

from tests.app.graphql_http.asking import code, post
from tests.app.serving import Gateway

NAMED = {
    "query": "query($name: String!) { products(where: {name: {eq: $name}}) { nodes { id } } rateLimit { limit } }",
    "variables": {"name": "Segredo"},
}


@pytest.fixture
def developer(strict_gateway: Gateway) -> Iterator[httpx.Client]:
    with strict_gateway.client() as client:
        yield client


def test_the_statements_are_told_without_values(developer: httpx.Client) -> None:
    for plan in ("new", "kept"):
        told = post(developer, NAMED, graphql_explain="report")
        explained = told.json()["extensions"]["explain"]
        [statement] = explained["statements"]
        assert (explained["path"], statement["field"], statement["plan"]) == ("mixed", "products", plan)
        assert "FROM products" in statement["sql"]
        assert "Segredo" not in told.text
        assert statement["planning"] == "each_time"


def test_the_reason_is_told(developer: httpx.Client) -> None:
    explained = post(developer, {"query": "{ __schema { queryType { name } } }"}, graphql_explain="Report").json()
    assert explained["extensions"]["explain"] == {
        "path": "reference",
        "reason": "no_compiled_field",
        "statements": [],
    }


def test_the_cost_is_told_beside_it(developer: httpx.Client) -> None:
    told = post(developer, NAMED, graphql_explain="report", graphql_cost="report").json()
    assert set(told["extensions"]) == {"cost", "explain"}


def test_without_the_header_nothing_is_told(developer: httpx.Client) -> None:
    assert set(post(developer, NAMED).json()) == {"data"}


@pytest.mark.parametrize("value", ["", "yes"])
def test_other_values(developer: httpx.Client, value: str) -> None:
    response = post(developer, NAMED, graphql_explain=value)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


def test_nobody_is_told_where_it_is_not_allowed(client: httpx.Client) -> None:
    response = post(client, NAMED, graphql_explain="report")
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")
