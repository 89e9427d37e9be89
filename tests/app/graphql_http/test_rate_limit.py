"""How a budget stands, in headers, in the graph and in `extensions.cost`."""

import httpx
import pytest

from app.graphql_http import RateLimitHeaders
from resolvers.answers import refused_by
from security.budgets import Budgets, LocalBuckets
from security.errors import Throttled
from security.principal import Principal
from security.roles import Role
from tests.app.graphql_http.asking import post

PAGE = {"query": "{ products(first: 7) { nodes { id } } }"}


def test_headers_and_the_graph_tell_the_same(client: httpx.Client) -> None:
    response = post(client, {"query": "{ rateLimit { limit cost remaining resetAt } }"})
    told = response.json()["data"]["rateLimit"]
    assert told["limit"] == int(response.headers["x-ratelimit-limit"])
    assert told["cost"] == 1
    assert 0 < told["remaining"] <= told["limit"]
    assert int(response.headers["x-ratelimit-remaining"]) <= told["limit"]
    assert "ratelimit" not in response.headers


def test_a_report_tells_the_budget(client: httpx.Client) -> None:
    status = post(client, PAGE, graphql_cost="report").json()["extensions"]["cost"]["throttleStatus"]
    assert set(status) == {"maximumAvailable", "currentlyAvailable", "restoreRate"}


async def test_a_spent_budget_is_told_by_headers() -> None:
    budgets = Budgets(LocalBuckets(clock=lambda: 0.0), factor=1e-6)
    principal = Principal("ana", frozenset({Role.CUSTOMER}))
    await budgets.wallet(principal).pay(4)
    with pytest.raises(Throttled) as told:
        await budgets.wallet(principal).pay(4)
    answer = refused_by(told.value)
    assert answer.status == 429
    headers = dict(RateLimitHeaders(budgets, draft=True).of(principal, answer))
    assert headers[b"x-ratelimit-limit"] == b"4"
    assert int(headers[b"retry-after"]) >= 1
    assert {b"ratelimit", b"ratelimit-policy"} <= set(headers)
