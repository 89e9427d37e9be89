"""A level of a statement: the rows of one entity that an array or an object is made of."""

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from resolvers.sql.scope import Predicate, Source

NUMBER = "number"
"""Label of a row's place on its page."""


@dataclass
class Level:
    """A source of rows, and the rows joined to each for its links to one row."""

    source: Source
    joins: list[tuple[Source, Predicate]] = field(default_factory=list)

    def join(self, other: Source, on: Predicate) -> None:
        """Add a row, or nothing, to each row of the level."""
        self.joins.append((other, on))

    @property
    def joined(self) -> sa.FromClause:
        """The rows with those joined to them."""
        result: sa.FromClause = self.source
        for other, on in self.joins:
            result = result.outerjoin(other, on)
        return result

    def select_from(self, columns: sa.Select[Any]) -> sa.Select[Any]:
        """Return the statement that takes columns from the level; they have been made, so its joins are known."""
        return columns.select_from(self.joined)


def numbered(rows: sa.Select[Any], name: str) -> Source:
    """Return rows with their places, in the order in which the inner statement gives them."""
    inner = rows.subquery(f"{name}_rows")
    # Without an order of its own the window counts rows as they come, and a limit within stays a limit.
    return sa.select(*inner.c, sa.func.row_number().over().label(NUMBER)).subquery(name)
