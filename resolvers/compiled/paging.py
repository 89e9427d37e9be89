"""Pages of compiled connections: sizes and cursors that are known only when the statement runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from resolvers.compiled.slots import Inputs, Parameters, Place, Rows, filled, is_open, reader
from resolvers.cursors import Cursors, belonging
from resolvers.pages import Limits, Page, size_of_page
from resolvers.sql.binding import SqlType
from resolvers.sql.order import Ordering, ordering
from resolvers.sql.scope import Scope
from resolvers.sql.where import Filters
from resolvers.ways import NotCompiled, Reason
from schema.model import Model
from security.errors import BadUserInput

_SIZE: SqlType = sa.BigInteger()
_STEP = 8
"""Pages up to 8, 64, 512… rows have a statement each."""
_FILTERS = 2
"""Filters of the largest size that a statement may have: a page that is counted has its own twice."""

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
    read: Callable[[Mapping[str, Any]], Any]
    nulls: tuple[bool, ...]

    def values(self, cursors: Cursors, variables: Mapping[str, Any]) -> list[Any]:
        """Open the cursor of a run."""
        belongs_to = self.belongs_to
        return cursors.open(belongs_to.told(variables), belongs_to.ordering, self.read(variables))


@dataclass(frozen=True)
class AskedSize:
    """The size of a page that a statement was compiled for, up to its order of magnitude; `name` is the argument."""

    name: str
    read: Callable[[Mapping[str, Any]], Any]
    limits: Limits
    fits: range

    def value(self, variables: Mapping[str, Any]) -> int:
        """Return the size that a run asks for; raise `BadUserInput` where it is out of range."""
        return size_of_page(self.name, self.read(variables), self.limits)


@dataclass(frozen=True)
class CompiledPage:
    """A page; `number` is that of what its cursors belong to, and `asked` the size that is asked for.

    `at_most` is a number of rows that it has less than or as many as, one more included, for the planner to know.
    """

    number: int
    page: Page
    asked: int | Rows
    size: sa.BindParameter[Any]
    one_more: sa.BindParameter[Any]
    at_most: int


@dataclass
class Paging:
    """Makes the pages of one statement, with a live run at hand to look into its cursors."""

    limits: Limits
    cursors: Cursors
    inputs: Inputs
    bind: Parameters
    belongings: list[Belonging] = field(default_factory=list)
    opened: list[OpenedCursor] = field(default_factory=list)
    sizes: list[AskedSize] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    filtered_by: int = 0
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
        page = Page(
            ordering=order,
            belongs_to=b"",
            size=0,
            backward=last is not None,
            after=self._place(belongs_to, arguments.get("after")),
            before=self._place(belongs_to, arguments.get("before")),
        )
        return self._sized(page, *(("last", last) if last is not None else ("first", first)))

    def filters(self, scope: Scope) -> Filters:
        """Return what compiles the statement's filters within a scope."""
        return Filters(scope, self.limits.max_page_size, self._notice)

    def _notice(self, conditions: int) -> None:
        """Count the conditions of all filters: nothing else is answered while a statement with them is made."""
        self.filtered_by += conditions
        if self.filtered_by > _FILTERS * self.limits.max_page_size:
            raise NotCompiled(Reason.TOO_LARGE)

    def _sized(self, page: Page, name: str, operand: Any) -> CompiledPage:
        size = size_of_page(name, filled(operand, self.inputs.variables), self.limits)
        at_most = _rounded(size)
        asked: Sequence[int | Rows] = (size, size + 1)
        if is_open(operand):
            at = len(self.sizes)
            asked = (Rows(at, 0), Rows(at, 1))
            fits = range(at_most // _STEP if at_most > _STEP else 0, at_most)
            self.sizes.append(AskedSize(name, reader(operand), self.limits, fits))
        return CompiledPage(
            number=len(self.belongings) - 1,
            page=page,
            asked=asked[0],
            size=self.bind(asked[0], _SIZE),
            one_more=self.bind(asked[1], _SIZE),
            at_most=at_most,
        )

    def _place(self, belongs_to: Belonging, operand: Any) -> Sequence[Any] | None:
        variables, read = self.inputs.variables, reader(operand)
        if operand is None or read(variables) is None:
            return None
        values = OpenedCursor(belongs_to, read, ()).values(self.cursors, variables)
        at = len(self.opened)
        self.opened.append(OpenedCursor(belongs_to, read, tuple(value is None for value in values)))
        self.inputs.cursors.append(values)
        if not is_open(operand) and not is_open(belongs_to.where):
            return values
        return [None if value is None else Place(at, step) for step, value in enumerate(values)]


def _rounded(size: int) -> int:
    rounded = _STEP
    while rounded <= size:
        rounded *= _STEP
    return rounded
