"""Random principals, operations and data against the model: whoever sees what is not theirs shows as a difference."""

import random
import sys
from collections import Counter

import pytest

from app.embedded import Stack
from tests.databases import new_database
from tests.fuzz.data import random_data
from tests.fuzz.gateway import gateway, removable_predicates
from tests.fuzz.run import Run
from tests.graph import serving_url
from tests.rows import insert

CASES = 2_000
CASES_OF_DATA = 1_000


@pytest.mark.timeout(0)
async def test_nobody_sees_what_is_not_theirs(
    stack: Stack, migrated_template: str, pytestconfig: pytest.Config
) -> None:
    cases: int = pytestconfig.getoption("--fuzz-cases") or CASES
    # The same in each run of all tests, others in each long run.
    first = 20260301 if cases <= CASES else random.SystemRandom().randrange(10**9)
    told: Counter[str] = Counter()
    with removable_predicates():
        for seed in range(first, first + -(-cases // CASES_OF_DATA)):
            data = random_data(seed)
            with new_database(stack.endpoints.owner_url, migrated_template) as url:
                insert(url, data)
                async with gateway(serving_url(stack, url), url) as asked:
                    run = Run.of(asked, data, seed)
                    await run.go(CASES_OF_DATA)
            told += run.told
            sys.stdout.write(f"seed {seed}: {sum(told.values()):,} cases, {dict(told)}\n")
    assert told["answered"] > 0.3 * cases
    assert told["refused"] > 0.05 * cases
