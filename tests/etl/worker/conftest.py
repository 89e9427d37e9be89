"""A source that workers of one test come and go at."""

from collections.abc import Iterator

import pytest

from etl.worker.source import Source
from tests.etl.worker.working import forget, source_of


@pytest.fixture
def source(migrated_database: str) -> Iterator[Source]:
    found = source_of(migrated_database)
    yield found
    forget(found)
