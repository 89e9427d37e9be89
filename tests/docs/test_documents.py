"""The Markdown pages: what they link to and the commands that they name exist."""

import re
from pathlib import Path

import pytest

from tests.docs.tree import ROOT, documents, name_of, read


@pytest.mark.parametrize("page", documents(), ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", _prose(page))
    local = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in local if not _exists(page, target)] == []


@pytest.mark.parametrize("page", documents(), ids=name_of)
def test_tasks_that_are_named_exist(page: Path) -> None:
    tasks = set(re.findall(r"^\.PHONY: (\S+)$", read("Makefile"), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named <= tasks


def test_every_guide_and_decision_is_linked() -> None:
    guides = {path.name for path in (ROOT / "docs").glob("*.md")}
    assert guides <= set(re.findall(r"docs/([\w-]+\.md)", read("README.md") + read("CONTRIBUTING.md")))
    decisions = {path.name for path in (ROOT / "docs" / "adr").glob("*.md")}
    assert decisions <= set(re.findall(r"adr/([\w-]+\.md)", read("docs/architecture.md")))


def _exists(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = page.parent / path if path else page
    if not file.exists():
        return False
    return not anchor or anchor in _anchors(file)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _prose(page: Path) -> str:
    """Return the page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
