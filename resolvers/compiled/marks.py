"""Characters that JSON never has, by which the gateway tells apart what a statement gives as one text."""

from typing import Any

import sqlalchemy as sa

SEAL = b"\x01"
"""Stands before and behind what a cursor is sealed from."""

SEPARATOR = b"\x1e"
"""Stands between the texts of a page's rows, and between the rows of `nodes`."""


def character(mark: bytes) -> sa.ColumnElement[Any]:
    """Return such a character as an expression, for it to be no part of the SQL's text."""
    return sa.func.chr(sa.literal_column(str(ord(mark))))
