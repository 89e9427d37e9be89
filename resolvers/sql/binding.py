"""Values in SQL: always bound, either now or, in a statement that is kept, when it is run."""

from collections.abc import Callable
from typing import Any, Protocol

import sqlalchemy as sa

SqlType = sa.types.TypeEngine[Any]
Read = Callable[[Any], Any]
"""Turns what a client gave into what the database is given; refuses what can't be used."""


class Binding(Protocol):
    """Makes a parameter of an operand."""

    def __call__(self, operand: Any, sql_type: SqlType, read: Read = ...) -> sa.BindParameter[Any]:
        """Return a parameter that will have the value that `read` makes of the operand."""


def exact(sql_type: SqlType) -> SqlType:
    """Return the type of values that a column of a type is compared with: of a number one without a precision.

    PostgreSQL rounds a value to the precision of its type: the comparison would be with another number than was given.
    """
    return sa.Numeric() if isinstance(sql_type, sa.Numeric) else sql_type


def bound_now(operand: Any, sql_type: SqlType, read: Read = lambda given: given) -> sa.BindParameter[Any]:
    """Bind the operand itself."""
    return sa.bindparam(None, read(operand), type_=sql_type)
