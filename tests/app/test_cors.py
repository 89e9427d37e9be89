"""Pages of other origins: none may ask, unless they are configured."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.embedded import Stack
from tests.app.graphql_http.asking import QUERY, post
from tests.app.serving import Gateway, gateway_process

APP = "https://app.example"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}


@pytest.fixture(scope="module")
def shared_gateway(stack: Stack, served_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that pages of one origin may ask."""
    folder: Path = tmp_path_factory.mktemp("cors")
    with gateway_process(
        folder,
        database_url=served_database,
        redis_url=stack.endpoints.redis_url,
        cors_origins=f"{APP},http://localhost:5173",
    ) as running:
        yield running


def preflight(gateway: Gateway, origin: str, **headers: str) -> httpx.Response:
    given = PREFLIGHT | {"origin": origin} | {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.options(f"{gateway.url}/graphql", headers=given)


def permissions(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


def test_by_default_no_page_may_ask(gateway: Gateway) -> None:
    assert preflight(gateway, APP).status_code == 405
    assert permissions(preflight(gateway, APP)) == {}
    with gateway.client() as client:
        assert permissions(post(client, {"query": QUERY}, origin=APP)) == {}


def test_a_configured_page_may(shared_gateway: Gateway) -> None:
    allowed = preflight(shared_gateway, APP)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == APP
    assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
    with shared_gateway.client() as client:
        answer = post(client, {"query": QUERY}, origin=APP)
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert answer.headers["access-control-allow-origin"] == APP
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    assert {part.strip() for part in answer.headers["vary"].split(",")} == {"Accept", "Authorization", "Origin"}


def test_cookies_are_never_allowed(shared_gateway: Gateway) -> None:
    with shared_gateway.client() as client:
        for response in (preflight(shared_gateway, APP), post(client, {"query": QUERY}, origin=APP, cookie="a=b")):
            assert "access-control-allow-credentials" not in response.headers
            assert response.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://app.example", f"{APP}.evil.example", f"{APP}:8443", "https://APP.example"],
)
def test_no_other_page_may(shared_gateway: Gateway, origin: str) -> None:
    assert preflight(shared_gateway, origin).status_code == 400
    assert "access-control-allow-origin" not in preflight(shared_gateway, origin).headers
    with shared_gateway.client() as client:
        assert "access-control-allow-origin" not in post(client, {"query": QUERY}, origin=origin).headers


@pytest.mark.parametrize(
    "asked", [{"access_control_request_method": "DELETE"}, {"access_control_request_headers": "x"}]
)
def test_a_page_may_send_no_more_than_is_read(shared_gateway: Gateway, asked: dict[str, str]) -> None:
    assert preflight(shared_gateway, APP, **asked).status_code == 400


def test_a_page_without_a_token_is_told_so(shared_gateway: Gateway) -> None:
    with shared_gateway.client(role=None) as client:
        answer = post(client, {"query": QUERY}, origin=APP)
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == APP


def test_preflights_have_the_headers_of_all_responses(shared_gateway: Gateway) -> None:
    assert preflight(shared_gateway, APP).headers["x-content-type-options"] == "nosniff"
