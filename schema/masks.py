"""Masks: what of a value is shown to those who may recognise it and not have it.

A mask shows as much as settles over the telephone whether both sides speak of the same thing. What is left out does
not show through the length of what is shown, and a value too short to hide anything in is hidden whole. Each mask is
written twice, as SQL and in Python, and both give the same text.
"""

from enum import Enum
from typing import Any

import sqlalchemy as sa

HIDDEN = "****"
_SHOWN_AT_MOST = 4
_HIDES_SOMETHING = 2 * _SHOWN_AT_MOST

_STARS: sa.ColumnElement[str] = sa.literal_column(f"'{HIDDEN}'", sa.Text())


class Mask(Enum):
    """What a mask shows; the value is what clients read of it."""

    LAST_FOUR = "the last four characters"
    MAILBOX = "the first letter and the domain"

    def masked(self, value: str | None) -> str | None:
        """Return a value as the mask shows it; null stays null."""
        if value is None:
            return None
        if self is Mask.LAST_FOUR:
            return HIDDEN + value[-_SHOWN_AT_MOST:] if len(value) >= _HIDES_SOMETHING else HIDDEN
        mailbox, at, domain = value.rpartition("@")
        return f"{mailbox[:1]}{HIDDEN}@{domain}" if at and len(mailbox) > 1 else HIDDEN

    def shown(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
        """Return an expression with the value of a text column as the mask shows it; null stays null."""
        if self is Mask.LAST_FOUR:
            ending = _STARS.op("||")(sa.func.right(column, _number(_SHOWN_AT_MOST)))
            return sa.case((sa.func.length(column) < _number(_HIDES_SOMETHING), _STARS), else_=ending)
        at = sa.literal_column("'@'", sa.Text())
        domain = sa.func.split_part(column, at, _number(-1))
        mailbox_length = sa.func.length(column) - sa.func.length(domain) - _number(1)
        shown = sa.func.left(column, _number(1)).op("||")(_STARS).op("||")(at).op("||")(domain)
        return sa.case(
            (sa.or_(sa.func.strpos(column, at) == _number(0), mailbox_length < _number(2)), _STARS), else_=shown
        )


def _number(value: int) -> sa.ColumnElement[int]:
    """Return a number as it stands in the statement: `group by` and plans need no parameter for it."""
    return sa.literal_column(str(value), sa.Integer())
