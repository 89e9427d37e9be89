"""A stack for the tests that only look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import Stack, start_stack
from tests.app.embedded.program import DURABLE


@pytest.fixture(scope="package")
def durable_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers as users have them."""
    folder: Path = tmp_path_factory.mktemp("embedded") / "data"
    stack = start_stack(folder, owner="the tests", tuning=DURABLE)
    yield stack
    stack.stop()
