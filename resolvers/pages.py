"""What the paging arguments of a connection ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from resolvers.cursors import Cursors, belonging
from resolvers.sql.binding import Binding
from resolvers.sql.order import Ordering, ordering
from resolvers.sql.scope import Predicate, Source, all_hold
from schema.derive.build import LEAST_GROUP
from schema.model import Model
from security.errors import BadUserInput


@dataclass(frozen=True)
class Limits:
    """How many rows a page has: by default, and at the most.

    `least_group` is how many pharmacies, or rows of what belongs to none, a group has at the least that is told to
    whoever may count its rows and not read them.
    """

    page_size: int
    max_page_size: int
    least_group: int = LEAST_GROUP


@dataclass(frozen=True)
class Page:
    """A page of an ordering: `size` rows from the start or, with `backward`, from the end, between two places."""

    ordering: Ordering
    belongs_to: bytes
    size: int
    backward: bool
    after: Sequence[Any] | None
    before: Sequence[Any] | None

    @property
    def direction(self) -> Ordering:
        """The order in which the database is asked for rows."""
        return self.ordering.reversed if self.backward else self.ordering

    def between(self, source: Source, bind: Binding) -> Predicate:
        """Return the predicate of the rows between the two places."""
        parts: list[Predicate] = []
        if self.after is not None:
            parts.append(self.ordering.after(source, self.after, bind))
        if self.before is not None:
            parts.append(self.ordering.reversed.after(source, self.before, bind))
        return all_hold(*parts)


def page_of(model: Model, coordinate: str, arguments: Mapping[str, Any], limits: Limits, cursors: Cursors) -> Page:
    """Return the page that the arguments of a connection field ask for."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise BadUserInput("`first` and `last` exclude each other: pass one of them.")
    order = ordering(model, arguments.get("order_by"))
    belongs_to = belonging(coordinate, order, arguments.get("where"))

    def place(name: str) -> Sequence[Any] | None:
        cursor = arguments.get(name)
        return None if cursor is None else cursors.open(belongs_to, order, cursor)

    return Page(
        ordering=order,
        belongs_to=belongs_to,
        size=size_of_page("last" if last is not None else "first", last if last is not None else first, limits),
        backward=last is not None,
        after=place("after"),
        before=place("before"),
    )


def size_of_page(name: str, asked: int | None, limits: Limits) -> int:
    """Return the number of rows that `first` or `last` asks for."""
    if asked is None:
        return limits.page_size
    if not 1 <= asked <= limits.max_page_size:
        raise BadUserInput(f"`{name}: {asked}` is out of range: ask for 1 to {limits.max_page_size:,} rows.")
    return asked


def size_of_groups(asked: int | None, limits: Limits) -> int:
    """Return how many groups to ask the database for; one more than may be, where a client does not say."""
    most = limits.max_page_size
    if asked is None:
        return most + 1
    if not 1 <= asked <= most:
        raise BadUserInput(f"`first: {asked}` is out of range: ask for 1 to {most:,} groups.")
    return asked


def check_ids(ids: Sequence[str], limits: Limits) -> None:
    """Refuse more ids than rows may be asked for at once."""
    if len(ids) > limits.max_page_size:
        raise BadUserInput(f"`ids` has {len(ids):,} values; {limits.max_page_size:,} are the most.")
