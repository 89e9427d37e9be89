"""The example questions: each must be answered by the gateway as it is."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from app.explorer.location import PROJECT

EXAMPLES = sorted((PROJECT / "examples").glob("*.graphql"))
NAMES = [example.stem for example in EXAMPLES]


@pytest.mark.parametrize("document", [example.read_text() for example in EXAMPLES], ids=NAMES)
async def test_an_administrator_gets_an_answer(
    document: str, gateway_url: str, demo_token: Callable[[str], str]
) -> None:
    async with httpx.AsyncClient(base_url=gateway_url) as http:
        answer = await http.post(
            "/graphql",
            json={"query": document},
            headers={"Authorization": f"Bearer {demo_token('admin')}"},
        )
    assert "errors" not in answer.json(), answer.json()["errors"]
    assert answer.json()["data"]


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_the_explorer_can_show_its_title_and_purpose(example: Path) -> None:
    title, purpose, document = example.read_text().split("\n", 2)
    assert title.startswith("# ")
    assert not title.endswith(".")
    assert purpose.startswith("# ")
    assert purpose.endswith(".")
    assert document.startswith("query ")
