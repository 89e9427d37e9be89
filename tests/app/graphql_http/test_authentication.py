"""Signing in to `/graphql`, and what is logged of who asks."""

import json

import httpx
import pytest

from security.roles import Role
from tests.app.graphql_http.asking import QUERY, code, post
from tests.app.serving import Gateway
from tests.app.wire import exchange


def test_nothing_is_told_without_a_token(gateway: Gateway) -> None:
    with gateway.client(role=None) as client:
        for response in (post(client, {"query": QUERY}), client.get("/graphql", params={"query": QUERY})):
            assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
            assert response.headers["www-authenticate"] == 'Bearer realm="cienty"'


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer abc",
        "Bearer a b",
        "Basic YTpi",
        "Token {token}",
        "{token}",
        "Bearer {token},Bearer x",
        "Bearer {token}x",
    ],
)
def test_what_is_no_valid_bearer_token_is_refused(gateway: Gateway, authorization: str) -> None:
    given = authorization.replace("{token}", gateway.token())
    with gateway.client(role=None) as client:
        response = post(client, {"query": QUERY}, authorization=given)
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_written_as_one_likes(gateway: Gateway, scheme: str) -> None:
    with gateway.client(role=None) as client:
        assert post(client, {"query": QUERY}, authorization=f"{scheme} {gateway.token()}").status_code == 200


def test_several_authorization_headers_are_refused(gateway: Gateway) -> None:
    header = ("authorization", f"Bearer {gateway.token()}")
    with httpx.Client(base_url=gateway.url) as client:
        response = client.get("/graphql", params={"query": QUERY}, headers=[header, header])
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")


def test_a_token_anywhere_else_is_ignored(gateway: Gateway) -> None:
    token = gateway.token()
    with gateway.client(role=None) as client:
        elsewhere = {"access_token": token, "token": token, "authorization": f"Bearer {token}"}
        assert client.get("/graphql", params={"query": QUERY} | elsewhere).status_code == 401
        response = post(
            client, {"query": QUERY} | elsewhere, cookie=f"token={token}", x_authorization=f"Bearer {token}"
        )
        assert response.status_code == 401
        assert post(client, {"query": QUERY}, x_user_id="admin", x_forwarded_user="admin").status_code == 401


def test_a_body_is_not_read_for_strangers(gateway: Gateway) -> None:
    head = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    assert exchange(gateway.url, head).status == 401


@pytest.mark.parametrize("role", list(Role))
def test_each_role_may_sign_in(gateway: Gateway, role: Role) -> None:
    with gateway.client(role) as client:
        assert post(client, {"query": QUERY}).json() == {"data": {"__typename": "Query"}}


# Requests that a browser would send for a foreign page.


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_simple_requests_of_foreign_pages_are_refused(gateway: Gateway, content_type: str) -> None:
    with gateway.client(role=None) as client:
        headers = {"content_type": content_type, "origin": "https://evil.example", "cookie": "session=1"}
        assert post(client, {"query": QUERY}, **headers).status_code == 401
        assert client.get("/graphql", params={"query": QUERY}, headers={"cookie": "session=1"}).status_code == 401


# What the log has of all this.


def test_a_request_leaves_a_line_without_what_was_asked(gateway: Gateway) -> None:
    secret = "529.982.247-25"
    with gateway.client() as client:
        document = f'query Orders {{ __typename a: __type(name: "{secret}") {{ name }} }}'
        response = post(client, {"query": document, "operationName": "Orders", "variables": {"cpf": secret}})
        client.get("/graphql", params={"query": document, "variables": json.dumps({"cpf": secret})})
    line = gateway.logged(response.headers["x-request-id"])
    assert (line["event"], line["method"], line["path"], line["status"]) == ("request", "POST", "/graphql", 200)
    assert (line["subject"], line["operation"]) == ("test-admin", "Orders")
    assert line["ms"] >= 0
    assert secret not in gateway.log
    assert gateway.token().rpartition(".")[2] not in gateway.log


def test_a_refused_token_is_logged_with_the_reason_that_its_sender_is_not_told(gateway: Gateway) -> None:
    with gateway.client(role=None) as client:
        response = post(client, {"query": QUERY}, authorization="Bearer abc")
    line = gateway.logged(response.headers["x-request-id"])
    assert (line["code"], line["reason"]) == ("UNAUTHENTICATED", "no JWT: DecodeError")
    assert "no JWT" not in response.text


def test_a_name_that_is_none_does_not_get_into_the_log(gateway: Gateway) -> None:
    with gateway.client() as client:
        response = post(client, {"query": QUERY, "operationName": "529.982.247-25"})
    assert gateway.logged(response.headers["x-request-id"])["operation"] == "(no name)"
