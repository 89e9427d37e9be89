"""docs/security.md: the tests that it names exist, and no attack is listed twice or out of order."""

import ast
import re

from tests.docs.tree import ROOT, read

PAGE = "docs/security.md"


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", read(PAGE))
    assert named
    missing = [f"{path}::{name}" for path, name in named if not (ROOT / path).exists() or name not in _tests(path)]
    assert missing == []


def test_each_attack_has_one_row_in_its_place() -> None:
    for section in re.split(r"^## ", read(PAGE), flags=re.MULTILINE)[1:]:
        rows = [int(number) for number in re.findall(r"^\| (\d+)", section, flags=re.MULTILINE)]
        assert rows == sorted(set(rows))


def _tests(path: str) -> set[str]:
    tree = ast.parse(read(path))
    functions = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {"", *functions}
