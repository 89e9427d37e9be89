"""`/graphql` of a running gateway: the protocol around operations."""

from typing import Any

import httpx
import pytest

from tests.app.graphql_http.asking import GRAPHQL, QUERY, code, post
from tests.app.serving import Gateway
from tests.app.wire import exchange

# An operation and its answer.


def test_a_query_is_answered(client: httpx.Client) -> None:
    response = post(
        client, {"query": "query Q($n: Int!) { customers(first: $n) { totalCount } }", "variables": {"n": 1}}
    )
    assert (response.status_code, response.json()) == (200, {"data": {"customers": {"totalCount": 0}}})
    assert response.headers["content-type"] == "application/json; charset=utf-8"


def test_a_get_is_answered_alike(client: httpx.Client) -> None:
    parameters = {"query": "query Q($n: Int!) { customers(first: $n) { totalCount } }", "variables": '{"n":1}'}
    response = client.get("/graphql", params=parameters | {"operationName": "Q"}, headers={"accept": GRAPHQL})
    assert (response.status_code, response.json()) == (200, {"data": {"customers": {"totalCount": 0}}})
    assert response.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"


@pytest.mark.parametrize("name", ["", None])
def test_an_empty_operation_name_is_none(client: httpx.Client, name: str | None) -> None:
    assert client.get("/graphql", params={"query": QUERY, "operationName": ""}).json() == {
        "data": {"__typename": "Query"}
    }
    assert post(client, {"query": QUERY, "operationName": name}).json() == {"data": {"__typename": "Query"}}


def test_answers_are_nobody_elses(client: httpx.Client) -> None:
    headers = post(client, {"query": QUERY}).headers
    assert headers["cache-control"] == "private, no-store"
    assert headers["vary"] == "Accept, Authorization"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "server" not in headers


REQUEST_ERRORS = [
    ("{", None, "GRAPHQL_PARSE_FAILED"),
    ("{ nothing }", None, "GRAPHQL_VALIDATION_FAILED"),
    ("query($n: Int!) { customers(first: $n) { totalCount } }", {"n": None}, "BAD_USER_INPUT"),
    ("query A { __typename } query B { __typename }", None, "BAD_USER_INPUT"),
]


@pytest.mark.parametrize(("document", "variables", "expected"), REQUEST_ERRORS)
@pytest.mark.parametrize(("accept", "status"), [("application/json", 200), (GRAPHQL, 400)])
def test_request_errors_have_the_status_of_the_media_type(
    client: httpx.Client, document: str, variables: Any, expected: str, accept: str, status: int
) -> None:
    response = post(client, {"query": document, "variables": variables}, accept=accept)
    assert (response.status_code, code(response)) == (status, expected)


# Requests that are no GraphQL-over-HTTP requests.


@pytest.mark.parametrize("accept", ["application/json", GRAPHQL])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"{",
        b"null",
        b'"{ __typename }"',
        b"1",
        {},
        {"query": None},
        {"query": ["{ __typename }"]},
        {"query": {"a": 1}},
        {"documentId": "sha256:00"},
        {"query": QUERY, "operationName": 1},
        {"query": QUERY, "operationName": ["A"]},
        {"query": QUERY, "variables": "x"},
        {"query": QUERY, "variables": []},
        {"query": QUERY, "extensions": 1},
        {"query": QUERY + "\0"},
        [{"query": QUERY}],
        [],
        b'{"query":"{ __typename }","query":"{ __typename }"}',
        b'{"query":"{ __typename }","variables":{"a":NaN}}',
        '{"query":"{ __typename }"}'.encode("utf-16"),
        b"[" * 100_000,
    ],
    ids=lambda body: str(body)[:40],
)
def test_malformed_bodies_are_refused(client: httpx.Client, body: Any, accept: str) -> None:
    response = post(client, body, accept=accept)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "query_string",
    [
        "",
        "variables={}",
        "query=%7B__typename%7D&query=%7B__typename%7D",
        "query=%7B__typename%7D&variables=x",
        "query=%7B__typename%7D&variables=",
        "query=%7B__typename%7D&variables=%7B%22a%22%3A1%2C%22a%22%3A1%7D",
        "query=%7B__typename%7D&variables=[]",
        "query=%7B__typename%7D&extensions=1",
        "query=%FF",
        "query=%7B__typename%7D%00",
        "query=%7B__typename%7D&" + "&".join(f"a{number}=1" for number in range(200)),
    ],
)
def test_malformed_query_strings_are_refused(client: httpx.Client, query_string: str) -> None:
    response = client.get(f"/graphql?{query_string}")
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


def test_a_mutation_by_get_is_refused_before_anything_is_done(client: httpx.Client) -> None:
    response = client.get("/graphql", params={"query": "mutation { __typename }"})
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    choice = {"query": "query A { __typename } mutation B { __typename }", "operationName": "B"}
    assert client.get("/graphql", params=choice).status_code == 405


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_other_methods_are_refused(client: httpx.Client, method: str) -> None:
    headers = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    response = client.request(method, "/graphql", headers=headers)
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "application/json;q=0"])
def test_a_client_that_takes_neither_media_type(client: httpx.Client, accept: str) -> None:
    assert post(client, {"query": QUERY}, accept=accept).status_code == 406


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/graphql+json",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "text/plain; application/json",
        "application/json, text/plain",
        "application/jsonp",
    ],
)
def test_bodies_of_other_types_are_refused(client: httpx.Client, content_type: str) -> None:
    assert post(client, {"query": QUERY}, content_type=content_type).status_code == 415


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json;charset=UTF-8", 'application/json; charset="utf-8"'],
)
def test_json_may_be_written_differently(client: httpx.Client, content_type: str) -> None:
    assert post(client, {"query": QUERY}, content_type=content_type).status_code == 200


@pytest.mark.parametrize("types", [("text/plain", "application/json"), ("application/json", "text/plain")])
def test_several_content_types_are_refused(gateway: Gateway, types: tuple[str, str]) -> None:
    headers = [("authorization", f"Bearer {gateway.token()}"), *(("content-type", name) for name in types)]
    with httpx.Client(base_url=gateway.url) as client:
        assert client.post("/graphql", content=b'{"query":"{ __typename }"}', headers=headers).status_code == 415


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, identity", "x"])
def test_compressed_bodies_are_refused(client: httpx.Client, encoding: str) -> None:
    response = post(client, b"\x1f\x8b\x08", content_encoding=encoding)
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")


# Paths.


@pytest.mark.parametrize(
    "path", ["//graphql", "/graphql/", "/GraphQL", "/graphql/.", "/x/../graphql", "/graphql;a=1", "/graphql%2f"]
)
def test_an_address_has_one_spelling(gateway: Gateway, path: str) -> None:
    request = (
        f"GET {path}?query=%7B__typename%7D HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.token()}\r\n\r\n"
    )
    assert exchange(gateway.url, request.encode()).status == 404


@pytest.mark.parametrize("path", ["/graphql", "/%67raphql", "http://x/graphql"])
def test_an_encoded_address_is_guarded_like_the_plain_one(gateway: Gateway, path: str) -> None:
    request = f"GET {path}?query=%7B__typename%7D HTTP/1.1\r\nHost: x\r\n\r\n"
    assert exchange(gateway.url, request.encode()).status == 401


@pytest.mark.parametrize(
    "path", ["/", "/metric", "/admin", "/debug", "/.env", "/docs", "/openapi.json", "/graphiql", "/playground"]
)
def test_there_is_nothing_at_other_addresses(gateway: Gateway, path: str) -> None:
    with gateway.client() as client:
        response = client.get(path)
    assert (response.status_code, code(response)) == (404, "NOT_FOUND")


# The page for browsers.


def test_a_browser_gets_the_explorer_and_a_program_does_not(gateway: Gateway) -> None:
    with gateway.client(role=None) as client:
        browser = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        page = client.get("/graphql", headers=browser)
        assert page.headers["content-type"].startswith("text/html")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert client.get("/graphql", params={"query": QUERY}, headers=browser).status_code == 401
        assert client.get("/graphql").status_code == 401
