"""A gateway that all tests of this folder may ask."""

from collections.abc import Iterator

import pytest

from app.embedded import Stack
from tests.app.serving import Gateway, gateway_process
from tests.databases import at_database, database_name, new_database

METRICS_TOKEN = "read the metrics"


@pytest.fixture(scope="session")
def served_database(stack: Stack, migrated_template: str) -> Iterator[str]:
    """The serving role's URL of a migrated database without rows."""
    with new_database(stack.endpoints.owner_url, migrated_template) as url:
        yield at_database(stack.endpoints.database_url, database_name(url))


@pytest.fixture(scope="session")
def gateway(stack: Stack, served_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway process with default limits, that nobody may stop."""
    folder = tmp_path_factory.mktemp("gateway")
    with gateway_process(folder, database_url=served_database, redis_url=stack.endpoints.redis_url) as running:
        yield running


@pytest.fixture(scope="session")
def strict_gateway(stack: Stack, served_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway process with small limits and short patience, that tells developers more."""
    with gateway_process(
        tmp_path_factory.mktemp("strict"),
        database_url=served_database,
        redis_url=stack.endpoints.redis_url,
        body_limit_bytes=4096,
        header_limit_bytes=4096,
        header_limit_count=20,
        receive_timeout_seconds=1,
        keep_alive_seconds=1,
        connection_limit_per_address=20,
        metrics_token=METRICS_TOKEN,
        explain=True,
    ) as running:
        yield running
