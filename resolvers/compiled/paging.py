"""Pages of compiled connections: sizes and cursors that are known only when the statement runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from resolvers.compiled.slots import Inputs, Parameters, Place, filled, is_open, reading
from resolvers.cursors import Cursors, belonging
from resolvers.pages import Limits, Page, size_of_page
from resolvers.sql.binding import SqlType
from resolvers.sql.order import Ordering, ordering
from schema.model import Model
from security.errors import BadUserInput

_SIZE: SqlType = sa.BigInteger()
_STEP = 8
"""Pages up to 8, 64, 512… rows have a statement each."""

Condition = Callable[[Inputs], bool]
"""Tells whether the inputs of a run are of the kind that a statement was compiled for."""


@dataclass(frozen=True)
class Belonging:
    """What the cursors of a connection belong to; its filter may have slots."""

    coordinate: str
    ordering: Ordering
    where: Any

    def told(self, variables: Mapping[str, Any]) -> bytes:
        """Return it as the cursors' associated data."""
        return self._known or belonging(self.coordinate, self.ordering, filled(self.where, variables))

    @cached_property
    def _known(self) -> bytes | None:
        """The same where no variable is part of it."""
        return None if is_open(self.where) else belonging(self.coordinate, self.ordering, self.where)


@dataclass(frozen=True)
class OpenedCursor:
    """A cursor that a statement was compiled for: where its values are null is part of the statement."""

    belongs_to: Belonging
    operand: Any
    nulls: tuple[bool, ...]

    def values(self, cursors: Cursors, variables: Mapping[str, Any]) -> list[Any]:
        """Open the cursor of a run."""
        text = filled(self.operand, variables)
        return cursors.open(self.belongs_to.told(variables), self.belongs_to.ordering, text)


@dataclass(frozen=True)
class CompiledPage:
    """A page; `number` is that of what its cursors belong to, and `read_size` tells its size at a run.

    `at_most` is a number of rows that it has less than or as many as, one more included, for the planner to know.
    """

    number: int
    page: Page
    size: sa.BindParameter[Any]
    one_more: sa.BindParameter[Any]
    at_most: int
    read_size: Callable[[Inputs], int]


@dataclass
class Paging:
    """Makes the pages of one statement, with a live run at hand to look into its cursors."""

    limits: Limits
    cursors: Cursors
    inputs: Inputs
    bind: Parameters
    belongings: list[Belonging] = field(default_factory=list)
    opened: list[OpenedCursor] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    is_filtered: bool = False
    tells_cursors: bool = False

    def page(self, model: Model, coordinate: str, arguments: Mapping[str, Any]) -> CompiledPage:
        """Return the page that a connection's arguments ask for."""
        first, last = arguments.get("first"), arguments.get("last")
        if first is not None and last is not None:
            raise BadUserInput("`first` and `last` exclude each other: pass one of them.")
        order = ordering(model, arguments.get("order_by"))
        belongs_to = Belonging(coordinate, order, arguments.get("where"))
        self.belongings.append(belongs_to)
        self.is_filtered |= bool(arguments.get("where"))
        name, asked = ("last", last) if last is not None else ("first", first)
        # Apart: what is kept with the statement must not lead to the inputs of this run.
        limits = self.limits
        page = Page(
            ordering=order,
            belongs_to=b"",
            size=0,
            backward=last is not None,
            after=self._place(belongs_to, arguments.get("after")),
            before=self._place(belongs_to, arguments.get("before")),
        )

        def size(given: Any) -> int:
            return size_of_page(name, given, limits)

        return CompiledPage(
            number=len(self.belongings) - 1,
            page=page,
            size=self.bind(asked, _SIZE, size),
            one_more=self.bind(asked, _SIZE, lambda given: size(given) + 1),
            at_most=self._at_most(asked, size),
            read_size=reading(asked, size),
        )

    def _at_most(self, asked: Any, size: Callable[[Any], int]) -> int:
        """Return the round number that the page's size is below, and have the statement kept for such sizes."""
        rounded = _rounded(size(filled(asked, self.inputs.variables)))
        if is_open(asked):
            fits = range(rounded // _STEP if rounded > _STEP else 0, rounded)
            self.conditions.append(reading(asked, lambda given: size(given) in fits))
        return rounded

    def _place(self, belongs_to: Belonging, operand: Any) -> Sequence[Any] | None:
        if operand is None or filled(operand, self.inputs.variables) is None:
            return None
        cursor = OpenedCursor(belongs_to, operand, ())
        values = cursor.values(self.cursors, self.inputs.variables)
        at = len(self.opened)
        self.opened.append(OpenedCursor(belongs_to, operand, tuple(value is None for value in values)))
        self.inputs.cursors.append(values)
        if not is_open(operand) and not is_open(belongs_to.where):
            return values
        return [None if value is None else Place(at, step) for step, value in enumerate(values)]


def _rounded(size: int) -> int:
    rounded = _STEP
    while rounded <= size:
        rounded *= _STEP
    return rounded
