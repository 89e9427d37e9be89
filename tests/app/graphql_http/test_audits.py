"""The conformance audits of npm `graphql-http`, against the running gateway."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from app.explorer.toolchain import find_toolchain, run_step
from tests.app.serving import Gateway

AUDITS = Path(__file__).parent / "audits"
COUNT = 61


@pytest.fixture(scope="module")
def audited(gateway: Gateway) -> dict[str, dict[str, str]]:
    toolchain = find_toolchain()
    lock, installed = AUDITS / "package-lock.json", AUDITS / "node_modules" / ".installed"
    if not installed.exists() or installed.read_text() != lock.read_text():
        run_step("npm ci", [*toolchain.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], AUDITS)
        installed.write_text(lock.read_text())
    done = subprocess.run(
        [toolchain.node, "run.mjs"],
        cwd=AUDITS,
        env=os.environ | {"AUDIT_URL": f"{gateway.url}/graphql", "AUDIT_TOKEN": gateway.token()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    return {result["id"]: result for result in results}


def test_all_audits_ran(audited: dict[str, dict[str, str]]) -> None:
    assert len(audited) == COUNT


@pytest.mark.parametrize("word", ["MUST", "SHOULD", "MAY"])
def test_every_audit_passes(audited: dict[str, dict[str, str]], word: str) -> None:
    of_word = {key: result for key, result in audited.items() if result["name"].startswith(word)}
    assert of_word
    assert {key: result for key, result in of_word.items() if result["status"] != "ok"} == {}
