"""Demo data that all tests of this folder look into."""

import pytest

from etl.demo import DemoPlan
from tests.etl.demo.made import UNTIL, DemoData, make


@pytest.fixture(scope="session")
def data() -> DemoData:
    """Enough orders for each region to show its seasons."""
    return make(DemoPlan.sized(8_000, until=UNTIL))
