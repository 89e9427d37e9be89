"""Stacks and folders for tests that do not look at how those are made."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded import Stack, start_stack
from tests.app.embedded.program import DURABLE, QUICK


@pytest.fixture(scope="package")
def durable_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Servers as users have them."""
    folder: Path = tmp_path_factory.mktemp("embedded") / "data"
    stack = start_stack(folder, owner="the tests", tuning=DURABLE)
    yield stack
    stack.stop()


@pytest.fixture(scope="package")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that was started once; to be copied, which takes a tenth of the time of making one."""
    folder: Path = tmp_path_factory.mktemp("prepared") / "data"
    start_stack(folder, owner="the tests", tuning=QUICK).stop()
    return folder


@pytest.fixture
def data(prepared: Path, tmp_path: Path) -> Path:
    """A data folder of the test's own, with a cluster and nothing running."""
    return shutil.copytree(prepared, tmp_path / "data")
