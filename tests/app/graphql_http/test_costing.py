"""The header `GraphQL-Cost`."""

import httpx
import pytest

from tests.app.graphql_http.asking import GRAPHQL, code, post

PAGE = {"query": "{ products(first: 7) { nodes { id } } }"}
NESTED = {"query": "{ customers(first: 1000) { nodes { orders(first: 1000) { nodes { id } } } } }"}


def test_validate_tells_the_cost_and_no_data(client: httpx.Client) -> None:
    told = post(client, PAGE, graphql_cost="validate").json()
    assert told["data"] is None
    cost = told["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (7, None)


def test_report_tells_the_cost_beside_the_data(client: httpx.Client) -> None:
    told = post(client, PAGE, graphql_cost="Report").json()
    assert told["extensions"]["cost"]["requestedQueryCost"] == 7
    assert len(told["data"]["products"]["nodes"]) <= told["extensions"]["cost"]["actualQueryCost"] <= 7


def test_without_the_header_nothing_is_told(client: httpx.Client) -> None:
    assert set(post(client, PAGE).json()) == {"data"}


@pytest.mark.parametrize("value", ["", "yes", "validate, report"])
def test_other_values(client: httpx.Client, value: str) -> None:
    response = post(client, PAGE, graphql_cost=value)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


def test_what_may_cost_too_much(client: httpx.Client) -> None:
    for cost in ("validate", "report"):
        response = post(client, NESTED, accept=GRAPHQL, graphql_cost=cost)
        assert (response.status_code, code(response)) == (400, "TOO_EXPENSIVE")
