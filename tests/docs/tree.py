"""The project's own files as the tests of this folder read them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

# What is installed, built, cached or made by running.
_NOT_OURS = {"node_modules", "static", "__pycache__", "build", "dist", "results"}
_HIDDEN_OURS = {".ci"}


def project_files(pattern: str = "*") -> list[Path]:
    """Return the files of the checkout that are kept, those whose name matches the pattern."""
    return sorted(path for path in _walk(ROOT) if path.match(pattern))


def documents() -> list[Path]:
    """Return every Markdown page."""
    return project_files("*.md")


def read(path: str) -> str:
    """Return the text of a file, named from the top of the project."""
    return (ROOT / path).read_text(encoding="utf-8")


def pyproject() -> dict[str, Any]:
    """Return what pyproject.toml says."""
    return tomllib.loads(read("pyproject.toml"))


def first_column(page: str) -> list[str]:
    """Return what stands in backticks at the start of the rows of a page's tables."""
    return re.findall(r"^\| *`([^`]+)`", read(page), flags=re.MULTILINE)


def code_blocks(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a page that are marked with the language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    """Return the path from the top of the project, as the name of a test's case."""
    return path.relative_to(ROOT).as_posix()


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            hidden = path.name.startswith(".") and path.name not in _HIDDEN_OURS
            if not hidden and path.name not in _NOT_OURS:
                yield from _walk(path)
        # In a work tree of its own, `.git` is a file that names where the repository is.
        elif not path.is_symlink() and path.name != ".git":
            yield path
