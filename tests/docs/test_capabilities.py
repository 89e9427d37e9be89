"""docs/capabilities.md: what each capability shows, and which role has which."""

import re

import pytest

from security.capabilities import Capabilities, Reach
from security.roles import CAPABILITIES, ROLES, Role
from tests.docs.tree import read

PAGE = "docs/capabilities.md"


def test_the_page_describes_every_capability() -> None:
    described = re.findall(r"^\| `([a-z.]+:[a-z]+)` \| ([^|]+) \|$", read(PAGE), flags=re.MULTILINE)
    assert dict(described) == CAPABILITIES
    assert [name for name, _ in described] == list(CAPABILITIES)


def test_the_columns_are_the_roles() -> None:
    assert f"| capability | {' | '.join(Role)} |\n" in read(PAGE)


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_the_page_says_which_role_has_it(capability: str) -> None:
    cells = " | ".join(_cell(capability, ROLES[role]) for role in Role)
    assert f"| `{capability}` | {cells} |\n" in read(PAGE)


def _cell(capability: str, capabilities: Capabilities) -> str:
    if capabilities.has(capability):
        return "all"
    reaches = [reach for reach in Reach if f"{capability}:{reach}" in capabilities.granted]
    return ", ".join(reaches) or "none"
