"""README.md: the first query gives the answer that the page shows."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docs.tree import ROOT, code_blocks

GATEWAY = Path(sys.executable).parent / "gateway"
README = ROOT / "README.md"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return others | {"GATEWAY_DATA_DIR": str(tmp_path / "data"), "GATEWAY_PORT": "0"}


@pytest.fixture
def address(environment: dict[str, str]) -> Iterator[str]:
    """The address of a gateway as `make run` starts it."""
    process = subprocess.Popen(
        [GATEWAY, "serve", "--demo"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout
        told = ""
        while not (found := re.search(r"http://\S+/graphql", told)):
            line = process.stdout.readline()
            assert line, f"the gateway ended: {told}"
            told += line
        yield found.group()
        process.terminate()


def test_the_first_query_has_the_answer_of_the_page(address: str, environment: dict[str, str]) -> None:
    commands = next(block for block in code_blocks(README, "sh") if "curl" in block)
    role = re.search(r"gateway (token --role \w+)", commands)
    body = re.search(r"-d '(.+)'", commands)
    assert role
    assert body
    token = subprocess.check_output([GATEWAY, *role[1].split()], env=environment, text=True).strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    answer = httpx.post(address, content=body[1], headers=headers, timeout=30).raise_for_status()
    [shown] = code_blocks(README, "json")
    assert answer.json() == json.loads(shown)
