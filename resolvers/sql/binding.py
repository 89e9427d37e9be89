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


def bound_now(operand: Any, sql_type: SqlType, read: Read = lambda given: given) -> sa.BindParameter[Any]:
    """Bind the operand itself."""
    return sa.bindparam(None, read(operand), type_=sql_type)
