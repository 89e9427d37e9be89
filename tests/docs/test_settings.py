"""docs/settings.md: every setting as `app/settings` declares it."""

from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from app.settings import Settings, variable
from tests.docs.tree import first_column, read

PAGE = "docs/settings.md"


def test_the_page_has_every_setting_in_order_and_no_other() -> None:
    assert first_column(PAGE) == [variable(name) for name in Settings.model_fields]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_page_says_what_the_declaration_says(name: str) -> None:
    field = Settings.model_fields[name]
    assert f"| `{variable(name)}` | {_default(field)} | {field.description} |\n" in read(PAGE)


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"`{','.join(value)}`" if value else "none"
    return f"`{value}`" if isinstance(value, str | Path) else str(value)
