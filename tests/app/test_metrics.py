"""Metrics of a running gateway: what is told, and to whom."""

import re

import httpx
import pytest

from tests.app.conftest import METRICS_TOKEN
from tests.app.serving import Gateway

SECRET = "Segredo"
INTROSPECTION = "{ __schema { queryType { name } } }"
LABELS = {"type", "outcome", "path", "reason", "code", "le"}


def scraped(url: str, **headers: str) -> str:
    response = httpx.get(f"{url}/metrics", headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain")
    return response.text


def value(text: str, sample: str) -> float:
    found = re.search(rf"^{re.escape(sample)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize(
    ("document", "sample"),
    [
        ("{ products { nodes { id } } }", 'gateway_operation_paths_total{path="compiled",reason=""}'),
        ("{ products { nodes { id } } rateLimit { limit } }", 'gateway_operation_paths_total{path="mixed",reason=""}'),
        (
            "{ __schema { types { name } } }",
            'gateway_operation_paths_total{path="reference",reason="no_compiled_field"}',
        ),
        ('{ product(id: "no id") { id } }', 'gateway_operation_paths_total{path="reference",reason="unusable_value"}'),
        ("{ products { nodes { id } } }", 'gateway_operation_seconds_count{outcome="ANSWERED",type="query"}'),
        ("{ nothing }", 'gateway_operation_seconds_count{outcome="GRAPHQL_VALIDATION_FAILED",type="unknown"}'),
        ("{ products { nodes { id } } }", "gateway_statements_total"),
    ],
)
def test_operations_are_counted(gateway: Gateway, document: str, sample: str) -> None:
    before = value(scraped(gateway.url), sample)
    with gateway.client() as client:
        client.post("/graphql", json={"query": document})
    assert value(scraped(gateway.url), sample) >= before + 1


def test_what_never_becomes_an_operation_is_counted(gateway: Gateway) -> None:
    sample = 'gateway_refused_requests_total{code="UNAUTHENTICATED"}'
    before = value(scraped(gateway.url), sample)
    httpx.post(f"{gateway.url}/graphql", json={"query": "{ __typename }"})
    assert value(scraped(gateway.url), sample) == before + 1


@pytest.mark.parametrize(
    "name",
    [
        "database_connections",
        "database_connections_free",
        "kept_schemas",
        "kept_documents",
        "kept_plans",
        "audit_lag_seconds",
        "audit_held_records",
        "budgets_are_local",
    ],
)
def test_what_the_process_holds_is_told(gateway: Gateway, name: str) -> None:
    assert re.search(rf"^gateway_{name} [0-9.e+-]+$", scraped(gateway.url), re.MULTILINE)


def test_nothing_that_a_client_makes_up_is_in_it(gateway: Gateway) -> None:
    with gateway.client() as client:
        query = f"query {SECRET}($a: String) {{ products(where: {{name: {{eq: $a}}}}) {{ nodes {{ id }} }} }}"
        client.post("/graphql", json={"query": query, "operationName": SECRET, "variables": {"a": SECRET}})
        client.get(f"/{SECRET}", headers={"x-request-id": SECRET})
    text = scraped(gateway.url)
    assert SECRET not in text
    assert set(re.findall(r"(\w+)=\"", text)) <= LABELS


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"])
def test_whoever_comes_through_a_proxy_finds_nothing(gateway: Gateway, header: str) -> None:
    response = httpx.get(f"{gateway.url}/metrics", headers={header: "127.0.0.1"})
    assert (response.status_code, response.content) == (404, httpx.get(f"{gateway.url}/nothing").content)


@pytest.mark.parametrize("given", ["", METRICS_TOKEN, "Bearer", f"Bearer {METRICS_TOKEN}x", "Bearer \u00e9"])
def test_with_a_token_only_that_opens_them(strict_gateway: Gateway, given: str) -> None:
    headers = {b"authorization": given.encode("latin-1")} if given else {}
    response = httpx.get(f"{strict_gateway.url}/metrics", headers=headers)
    assert (response.status_code, response.content) == (404, httpx.get(f"{strict_gateway.url}/nothing").content)
    text = scraped(strict_gateway.url, authorization=f"Bearer {METRICS_TOKEN}", via="a proxy")
    assert "gateway_operation_seconds" in text
