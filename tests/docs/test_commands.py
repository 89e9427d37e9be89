"""docs/cli.md: every command with every option; and the commands that any page shows exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import COMMANDS, imported
from tests.docs.tree import documents, name_of, read

PAGE = "docs/cli.md"


def test_the_page_has_a_section_for_every_command_and_no_other() -> None:
    assert list(_sections()) == [name for name, _ in _commands()]


def test_every_option_stands_in_its_command_s_section() -> None:
    sections = _sections()
    missing = [
        f"{name} {option}"
        for name, command in _commands()
        for option in _options(command)
        if f"`{option}`" not in sections[name] and f"`{option} " not in sections[name]
    ]
    assert missing == []


def test_no_section_has_an_option_that_its_command_lacks() -> None:
    commands = dict(_commands())
    for name, text in _sections().items():
        assert set(re.findall(r"`(--[a-z-]+)", text)) <= set(_options(commands[name])), name


@pytest.mark.parametrize("page", documents(), ids=name_of)
def test_a_page_shows_only_commands_that_exist(page: Path) -> None:
    shown = re.findall(r"(?:`|^|bin/|\()gateway ([a-z]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert set(shown) <= set(COMMANDS)


def _sections() -> dict[str, str]:
    parts = re.split(r"^## gateway (.+)\n", read(PAGE), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _commands() -> Iterator[tuple[str, Any]]:
    """Yield each command as it is called, with the words of groups."""
    for name in COMMANDS:
        command = imported(name)
        inner = getattr(command, "commands", {})
        yield from ((f"{name} {word}", below) for word, below in inner.items()) if inner else [(name, command)]


def _options(command: Any) -> list[str]:
    return [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
