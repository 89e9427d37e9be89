"""Asking `/graphql`."""

import json
from typing import Any

import httpx

QUERY = "{ __typename }"
GRAPHQL = "application/graphql-response+json"


def post(client: httpx.Client, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/graphql", content=content, headers=given)


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    assert set(response.json()) == {"errors"}
    return str(error["extensions"]["code"])
