"""A client that leaves: what was begun for it ends in the database too."""

import json
import time

import psycopg

from app.embedded import Stack
from tests.app.serving import Gateway
from tests.app.wire import connect
from tests.databases import at_database, database_name

DOCUMENTS = ("{ products { nodes { id } } }", "{ products { nodes { id } } suppliers { nodes { id } } }")
SECONDS = 5.0
"""Within which nothing may be running any more."""

_RUNNING = """select count(*) from pg_stat_activity
    where application_name = 'cienty-gateway' and datname = current_database() and state <> 'idle'"""


def running(connection: psycopg.Connection) -> int:
    row = connection.execute(_RUNNING).fetchone()
    assert row is not None
    return int(row[0])


def wait_for(connection: psycopg.Connection, number: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while running(connection) != number:
        assert time.monotonic() < deadline, f"{running(connection)} statements and not {number}"
        time.sleep(0.02)


def test_statements_of_a_client_that_has_left_end(stack: Stack, served_database: str, gateway: Gateway) -> None:
    owner_url = at_database(stack.endpoints.owner_url, database_name(served_database))
    with psycopg.connect(owner_url, autocommit=True) as watching, psycopg.connect(owner_url) as locking:
        locking.execute("lock table products in access exclusive mode")
        for document in DOCUMENTS:
            body = json.dumps({"query": document}).encode()
            head = (
                f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.token()}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            with connect(gateway.url) as client:
                client.sendall(head.encode() + body)
                wait_for(watching, 1, 30)
            wait_for(watching, 0, SECONDS)
        locking.rollback()
    with gateway.client() as client:
        assert client.post("/graphql", json={"query": DOCUMENTS[1]}).status_code == 200
