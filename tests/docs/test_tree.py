"""Facts about the whole tree that nobody should have to look for."""

import re
from pathlib import Path

import pytest

from tests.docs.tree import ROOT, name_of, project_files, read

LONGEST = 400


@pytest.mark.parametrize("path", project_files("*.py"), ids=name_of)
def test_a_python_file_is_one_thing(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST, "split it by meaning"


def test_what_is_silenced_says_why_beside_it() -> None:
    linter, types = r"noqa(?!: (?:[A-Z]+\d+(?:, )?)++ +\S)", r"type: ignore(?!\[[a-z, -]+\] +\S)"
    silenced = re.compile(rf"# (?:{linter}|{types}|fmt: skip(?! #))")
    found = [
        f"{name_of(path)}:{number}"
        for path in project_files("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if silenced.search(line)
    ]
    assert found == []


def test_no_file_names_a_path_of_one_machine() -> None:
    private = re.compile(rb"(?<![\w./-])/(?:home|root|Users|work|mnt)/\w")
    assert [name_of(path) for path in project_files() if private.search(path.read_bytes())] == []


def test_text_files_end_with_a_line_end() -> None:
    endings = {".py", ".md", ".toml", ".txt", ".yaml", ".graphql", ".ts", ".tsx", ".sql"}
    texts = [path for path in project_files() if path.suffix in endings and path.stat().st_size]
    assert [name_of(path) for path in texts if not path.read_bytes().endswith(b"\n")] == []


def test_the_docker_image_copies_what_exists() -> None:
    copied = [
        source
        for words in re.findall(r"^COPY (?!--from)(.*)$", read("Dockerfile"), flags=re.MULTILINE)
        for source in words.split()[:-1]
    ]
    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_every_task_says_what_it_does() -> None:
    makefile = read("Makefile")
    tasks = re.findall(r"^\.PHONY: (\S+)$", makefile, flags=re.MULTILINE)
    described = re.findall(r"^([a-z-]+):.*## \S", makefile, flags=re.MULTILINE)
    assert tasks == described
