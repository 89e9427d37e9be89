"""The requirement locks: in step with pyproject.toml, hashed, and free of addresses."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.docs.tree import ROOT, project_files, pyproject, read

LOCKS = {
    "requirements.txt": ("project", "build"),
    "requirements-dev.txt": ("project", "dev"),
    "requirements-explorer.txt": ("explorer",),
    "requirements-emulator.txt": ("emulator",),
}


@dataclass(frozen=True)
class Pin:
    version: Version
    hashes: int
    is_direct: bool


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_what_pyproject_asks_for(lock: str) -> None:
    pins = _pins(lock)
    unmet = [str(wanted) for wanted in _wanted(lock) if not _is_met(wanted, pins)]
    assert not unmet, f"{lock} does not have {unmet}: run make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_nothing_that_pyproject_dropped(lock: str) -> None:
    wanted = {canonicalize_name(requirement.name) for requirement in _wanted(lock)}
    direct = {name for name, pin in _pins(lock).items() if pin.is_direct}
    assert direct == wanted, f"{lock} is not in step with pyproject.toml: run make lock"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    assert [name for name, pin in _pins(lock).items() if not pin.hashes] == []


def test_development_runs_on_the_versions_that_users_run() -> None:
    development = _pins("requirements-dev.txt")
    assert {name: development[name].version for name in _pins("requirements.txt")} == {
        name: pin.version for name, pin in _pins("requirements.txt").items()
    }


def test_every_lock_is_known_here() -> None:
    assert {path.name for path in project_files("requirements*.txt")} == set(LOCKS)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert "://" not in read(lock)
    assert re.search(r"^-", read(lock), flags=re.MULTILINE) is None, "an option of pip, such as an index"


@pytest.mark.parametrize("folder", ["explorer", "bench/postgraphile"])
def test_an_npm_lock_names_no_registry(folder: str) -> None:
    packages = json.loads(read(f"{folder}/package-lock.json"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    assert (ROOT / folder / ".npmrc").read_text().startswith("omit-lockfile-registry-resolved=true")


def _pins(lock: str) -> dict[str, Pin]:
    """Read a lock; a pin is direct when pyproject.toml is among the reasons that are written below it."""
    pins: dict[str, Pin] = {}
    for entry in re.split(r"^(?=[a-z0-9])", read(lock), flags=re.MULTILINE)[1:]:
        found = re.match(r"([a-z0-9._-]+)(?:\[[a-z0-9, -]+\])?==(\S+)", entry)
        assert found, f"{lock}: not a pinned package: {entry[:60]}"
        pins[canonicalize_name(found[1])] = Pin(Version(found[2]), entry.count("--hash="), "(pyproject.toml" in entry)
    return pins


def _wanted(lock: str) -> list[Requirement]:
    project = pyproject()
    written: list[str] = []
    for part in LOCKS[lock]:
        written += project["project"]["dependencies"] if part == "project" else _group(project, part)
    return [Requirement(text) for text in written]


def _group(project: dict[str, Any], name: str) -> Iterable[str]:
    for entry in project["dependency-groups"][name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from _group(project, entry["include-group"])


def _is_met(wanted: Requirement, pins: dict[str, Pin]) -> bool:
    pin = pins.get(canonicalize_name(wanted.name))
    return pin is not None and wanted.specifier.contains(pin.version)
