"""docs/security.md: the tests that it names exist, and no attack is listed twice or left out."""

import ast
import re
from collections.abc import Iterator

from tests.docs.tree import ROOT, read

PAGE = "docs/security.md"
_LAST_OF_THE_GATEWAY = 93


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", read(PAGE))
    assert named
    missing = [f"{path}::{name}" for path, name in named if not (ROOT / path).exists() or name not in _tests(path)]
    assert missing == []


def test_each_attack_has_one_row() -> None:
    rows = [
        number for cell in re.findall(r"^\| (\d[\d, to]*) \|", read(PAGE), re.MULTILINE) for number in _numbers(cell)
    ]
    assert len(rows) == len(set(rows))
    # The groups that the gateway answers for are there whole; of the others what is done about so far.
    assert set(range(1, _LAST_OF_THE_GATEWAY + 1)) <= set(rows)


def _numbers(cell: str) -> Iterator[int]:
    """Yield the rows of the catalogue that a cell names: `1 to 9, 15`."""
    for part in cell.split(","):
        first, _, last = part.strip().partition(" to ")
        yield from range(int(first), int(last or first) + 1)


def _tests(path: str) -> set[str]:
    tree = ast.parse(read(path))
    functions = (node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {"", *functions}
