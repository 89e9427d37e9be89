"""How long the crash test goes on."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the folder to use the option: `pytest tests/crash --crash-rounds 50 -s` prints the times as well."""
    parser.addoption("--crash-rounds", type=int, default=5, help="kills in the crash test (default: one of each kind)")


@pytest.fixture
def crash_rounds(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--crash-rounds"))
