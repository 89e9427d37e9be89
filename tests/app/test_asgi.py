"""Addresses: what there is, and that nothing else is."""

import httpx
import pytest

from tests.app.graphql_http.asking import QUERY, post
from tests.app.serving import Gateway

FORGOTTEN = [
    "/admin",
    "/debug",
    "/debug/pprof",
    "/console",
    "/docs",
    "/openapi.json",
    "/redoc",
    "/graphiql",
    "/playground",
    "/altair",
    "/voyager",
    "/graphql/schema",
    "/schema.graphql",
    "/subscriptions",
    "/server-status",
    "/actuator/env",
    "/.env",
    "/.git/config",
]


@pytest.mark.parametrize("path", FORGOTTEN)
def test_nothing_was_left_open(gateway: Gateway, path: str) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        response = httpx.request(method, gateway.url + path)
        assert response.status_code == 404
        assert response.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


def test_a_request_is_never_sent_back(gateway: Gateway) -> None:
    for path in ("/healthz", "/graphql", "/nothing"):
        headers = {"authorization": "Bearer secret", "x-secret": "secret"}
        response = httpx.request("TRACE", gateway.url + path, headers=headers)
        assert response.status_code in {404, 405}
        assert "secret" not in response.text


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nX-Evil: 1", "a\r\n\r\n<script>", "\u560d\u560aX-Evil: 1"])
def test_no_value_becomes_a_header(gateway: Gateway, value: str) -> None:
    with gateway.client() as client:
        for response in (
            post(client, {"query": QUERY, "operationName": value}),
            post(client, {"query": f'{{ __type(name: "{value.encode("unicode_escape").decode()}") {{ name }} }}'}),
            client.get("/graphql", params={"query": QUERY, "operationName": value}),
            client.get("/nothing", params={"next": value}),
        ):
            assert "x-evil" not in response.headers
            assert response.headers["content-type"].startswith("application/")
