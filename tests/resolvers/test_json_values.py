"""JSON is answered as the database holds it, whatever its numbers."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from app.embedded import Stack
from tests.graph import Asking, altered_sample, asking

HELD = '{"phone": "1", "large": 12345678901234567890123, "larger": 1e40, "exact": 0.1000}'
SHOWN = b'{"exact": 0.1000, "large": 12345678901234567890123, "phone": "1", "larger": 1' + b"0" * 40 + b"}"


@pytest.fixture(scope="module")
def url(stack: Stack, migrated_template: str) -> Iterator[str]:
    with altered_sample(stack, migrated_template, "update suppliers set contact_info = %s", [HELD]) as served:
        yield served


@pytest_asyncio.fixture(params=["reference", "compiled"])
async def ask(url: str, request: pytest.FixtureRequest) -> AsyncIterator[Asking]:
    async with asking(url, compiling=request.param == "compiled") as asked:
        yield asked


async def test_numbers_keep_their_digits(ask: Asking) -> None:
    told = await ask("{ suppliers(first: 1) { nodes { contactInfo } } }")
    assert told.answer.body == b'{"data":{"suppliers":{"nodes":[{"contactInfo":' + SHOWN + b"}]}}}"
