"""A client that is signed in."""

from collections.abc import Iterator

import httpx
import pytest

from tests.app.serving import Gateway


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client
