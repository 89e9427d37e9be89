"""docs/errors.md: every code with its HTTP status."""

import re
from collections.abc import Iterator

from security.errors import ErrorCode, GatewayError
from tests.docs.tree import first_column, read

PAGE = "docs/errors.md"


def test_the_page_has_every_code_and_no_other() -> None:
    assert first_column(PAGE) == [code.value for code in ErrorCode]


def test_the_page_has_the_status_of_each_error() -> None:
    told = dict(re.findall(r"^\| `(\w+)` \| (\d{3}) \|", read(PAGE), flags=re.MULTILINE))
    classes = [error for error in _descendants(GatewayError) if hasattr(error, "code")]
    assert classes
    assert {error.code.value: told[error.code.value] for error in classes} == {
        error.code.value: str(error.status) for error in classes
    }


def _descendants(error: type[GatewayError]) -> Iterator[type[GatewayError]]:
    for child in error.__subclasses__():
        yield child
        yield from _descendants(child)
