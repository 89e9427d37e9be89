"""Each operation of `operations/` against the files beside it; `make generate` writes them again."""

import json
from pathlib import Path

import pytest

from tests.graph import Asking
from tests.model.viewers import VIEWERS, Viewer

FOLDER = Path(__file__).parent / "operations"
OPERATIONS = sorted(FOLDER.glob("*.graphql"))
DOCUMENTS = {path.stem: path.read_text() for path in OPERATIONS}
BY_NAME = {viewer.name: viewer for viewer in VIEWERS}
WRITES = "--write-golden"


def viewer_of(document: str) -> Viewer:
    """Return who asks: the first line of a file says `# as sales`."""
    return BY_NAME[document.splitlines()[0].removeprefix("# as ")]


def variables_of(path: Path) -> dict[str, object]:
    """Return the operation's variables, which stand in a file of their own."""
    file = path.with_suffix(".variables.json")
    return dict(json.loads(file.read_text())) if file.exists() else {}


def golden(path: Path, text: str, *, write: bool) -> str:
    """Return what a golden file holds, after it was written again where that was asked for."""
    if write:
        path.write_text(text)
    return path.read_text()


@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: path.stem)
async def test_operation(path: Path, ask_compiled: Asking, pytestconfig: pytest.Config) -> None:
    document = DOCUMENTS[path.stem]
    write = bool(pytestconfig.getoption(WRITES))
    told = await ask_compiled(document, viewer_of(document).principal, variables_of(path))
    result = json.dumps(told.data, ensure_ascii=False, indent=2) + "\n"
    sql = ";\n\n".join(told.statements) + ";\n"
    assert golden(path.with_suffix(".sql"), sql, write=write) == sql
    assert golden(path.with_suffix(".json"), result, write=write) == result


def test_no_golden_file_is_left_over() -> None:
    stems = {path.stem for path in OPERATIONS}
    assert {path.name.split(".")[0] for path in FOLDER.iterdir()} == stems
    assert stems
