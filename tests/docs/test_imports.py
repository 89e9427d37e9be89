"""What the packages import is what pyproject.toml declares, so that users' environments have it."""

import ast
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.docs.tree import ROOT, name_of, pyproject

PACKAGES = pyproject()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_packages_import_only_declared_dependencies() -> None:
    declared = {canonicalize_name(Requirement(text).name) for text in pyproject()["project"]["dependencies"]}
    distributions = packages_distributions()
    undeclared = {
        f"{name_of(path)} imports {module}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for module in _imported(path)
        if not declared & {canonicalize_name(name) for name in distributions.get(module, [])}
    }
    assert undeclared == set()


def _imported(path: Path) -> Iterator[str]:
    """Yield the top-level modules from elsewhere that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in PACKAGES:
                yield top
