"""The servers that the gateway is measured beside do the same work: what they answer is what the gateway answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.types import ASGIApp

from bench.agreement import values
from bench.peers import handwritten
from bench.peers.plain_strawberry import app as plain_strawberry
from bench.workloads import GATEWAY, HANDWRITTEN, Wording, global_id
from tests.graph import Asking

_YEARS = {"gte": "2018-01-01T00:00:00-03:00", "lt": "2026-01-01T00:00:00-03:00"}
_VARIABLES: dict[str, dict[str, Any]] = {
    "point": {"id": global_id("Product", 1)},
    "feed": {"first": 15},
    "flat": {"first": 100},
    "deep_page": {"first": 7},
    "aggregate": {"where": {"orderDate": _YEARS, "status": {"in": ["SHIPPED", "DELIVERED", "PENDING"]}}},
    "nested": {"first": 20, "orders": 5},
}
_PEERS: dict[str, tuple[ASGIApp, Wording]] = {
    "handwritten": (handwritten.app, HANDWRITTEN),
    "plain_strawberry": (plain_strawberry.app, GATEWAY),
}


Peer = tuple[httpx.AsyncClient, Wording]


@asynccontextmanager
async def _started(app: ASGIApp, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run an application as a server does, from its start to its stop."""
    told: asyncio.Queue[Any] = asyncio.Queue()
    heard: asyncio.Queue[Any] = asyncio.Queue()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", database_url)
        patch.setenv("POOL_SIZE", "2")
        running = asyncio.ensure_future(app({"type": "lifespan", "asgi": {"version": "3.0"}}, told.get, heard.put))
        await told.put({"type": "lifespan.startup"})
        assert await asyncio.wait_for(heard.get(), 20) == {"type": "lifespan.startup.complete"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://peer") as client:
        yield client
    await told.put({"type": "lifespan.shutdown"})
    await running


@pytest_asyncio.fixture(scope="module", params=_PEERS)
async def peer(request: pytest.FixtureRequest, sample_database: str) -> AsyncIterator[Peer]:
    app, wording = _PEERS[request.param]
    async with _started(app, sample_database) as client:
        yield client, wording


@pytest.mark.parametrize("workload", _VARIABLES)
async def test_a_peer_answers_as_the_gateway_does(peer: Peer, ask_compiled: Asking, workload: str) -> None:
    client, wording = peer
    variables = _VARIABLES[workload]
    expected = await ask_compiled(GATEWAY.documents[workload], variables=variables)
    assert expected.data
    body = {"query": wording.documents[workload], "variables": variables}
    response = await client.post(wording.path(workload), json=body)
    assert response.status_code == 200, response.text
    assert values(response.content) == values(expected.answer.body)


async def test_a_page_begins_after_its_cursor(peer: Peer) -> None:
    client, wording = peer

    async def page(first: int, after: str | None) -> dict[str, Any]:
        body = {"query": wording.documents["deep_page"], "variables": {"first": first, "after": after}}
        response = await client.post(wording.path("deep_page"), json=body)
        orders: dict[str, Any] = response.json()["data"]["orders"]
        return orders

    once, half = await page(6, None), await page(3, None)
    rest = await page(3, half["pageInfo"]["endCursor"])
    assert half["nodes"] + rest["nodes"] == once["nodes"]


@pytest.mark.parametrize(
    ("path", "variables"),
    [
        ("/point", {"id": global_id("Order", 1)}),
        ("/point", {"id": "no id"}),
        ("/feed", {"first": 0}),
        ("/feed", {"first": True}),
        ("/flat", {}),
        ("/deep-page", {"first": 5, "after": "é"}),
        ("/aggregate", {"where": {}}),
        ("/nested", {"first": 1, "orders": "5"}),
    ],
)
async def test_the_hand_written_handler_checks_variables(
    sample_database: str, path: str, variables: dict[str, Any]
) -> None:
    async with _started(handwritten.app, sample_database) as client:
        response = await client.post(path, json={"variables": variables})
    assert response.status_code == 400
    assert response.json()["errors"]
