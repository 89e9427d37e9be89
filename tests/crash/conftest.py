"""How long the crash tests go on."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the folder to use the options: `pytest tests/crash --crash-rounds 50 -s` prints the times as well."""
    parser.addoption("--crash-rounds", type=int, default=5, help="kills in the crash test (default: one of each kind)")
    parser.addoption("--etl-kills", type=int, default=25, help="kills of the ETL's worker and its source (default: 25)")


@pytest.fixture
def crash_rounds(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--crash-rounds"))


@pytest.fixture
def etl_kills(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("--etl-kills"))
