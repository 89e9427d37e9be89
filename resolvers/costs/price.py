"""Prices as sums of products, so that the variables of a request are all that is left to fill in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Values = Mapping[str, Any]
"""The coerced variables of a request."""


class Factor(Protocol):
    """What multiplies a cost and is known only with the variables."""

    @property
    def reads(self) -> frozenset[str]:
        """The variables that it is known with; of lists their lengths."""

    def __call__(self, variables: Values) -> int:
        """Return its value, from 0 on."""


@dataclass(frozen=True)
class Length:
    """The length of a list: what a variable says, else `otherwise`; never more than `most`.

    A variable's value is a number, or a list whose items are counted. Of several the greatest counts, together with
    `least`, the greatest that the document itself says.
    """

    names: tuple[str, ...]
    least: int
    otherwise: "int | Factor"
    most: int

    @property
    def reads(self) -> frozenset[str]:
        """The variables that say it."""
        return frozenset(self.names) | (frozenset() if isinstance(self.otherwise, int) else self.otherwise.reads)

    def __call__(self, variables: Values) -> int:
        """Return the length."""
        found = self.least
        for name in self.names:
            value = variables.get(name)
            if value is not None:
                found = max(found, len(value) if isinstance(value, list) else value)
        if found < 0:
            return self.otherwise if isinstance(self.otherwise, int) else self.otherwise(variables)
        return min(found, self.most)


UNSAID = -1
"""`Length.least` where the document says nothing."""


@dataclass(frozen=True)
class Groups:
    """How many groups there are at the most: one where the list of what to group by, a variable, is empty."""

    name: str
    most: int

    @property
    def reads(self) -> frozenset[str]:
        """The list."""
        return frozenset({self.name})

    def __call__(self, variables: Values) -> int:
        """Return the number."""
        return self.most if variables.get(self.name) else 1


@dataclass(frozen=True)
class Flag:
    """Whether a field is there at all: a variable of `@include`, or of `@skip` with `wanted` False."""

    name: str
    wanted: bool

    @property
    def reads(self) -> frozenset[str]:
        """The variable."""
        return frozenset({self.name})

    def __call__(self, variables: Values) -> int:
        """Return 1 or 0."""
        return int(bool(variables.get(self.name)) is self.wanted)


class Sum:
    """A sum of products of factors, each with a coefficient."""

    def __init__(self) -> None:
        self.constant = 0
        self._terms: dict[tuple[Factor, ...], int] = {}

    def add(self, coefficient: int, factors: tuple[Factor, ...]) -> None:
        """Add a product."""
        if not coefficient:
            return
        if factors:
            self._terms[factors] = self._terms.get(factors, 0) + coefficient
        else:
            self.constant += coefficient

    @property
    def reads(self) -> frozenset[str]:
        """The variables that it is known with."""
        return frozenset().union(*(factor.reads for factors in self._terms for factor in factors))

    @property
    def is_known(self) -> bool:
        """Whether no variable is part of it."""
        return not self._terms

    def __call__(self, variables: Values) -> int:
        """Return the value with the values of the variables."""
        total = self.constant
        for factors, coefficient in self._terms.items():
            product = coefficient
            for factor in factors:
                product *= factor(variables)
            total += product
        return total


@dataclass(frozen=True)
class Cost:
    """What an operation is asked to cost: `rows` at the most, and `work` that costs the same whatever it finds.

    `requested` is all of it.
    """

    rows: int
    work: int
    requested: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "requested", self.rows + self.work)

    def actual(self, objects: int) -> int:
        """Return what it cost, where the answer has so many JSON objects."""
        return min(self.rows, objects) + self.work


class Price:
    """The formula of one operation."""

    def __init__(self, rows: Sum, work: Sum) -> None:
        self._rows = rows
        self._work = work
        self._known = Cost(rows.constant, work.constant) if rows.is_known and work.is_known else None
        self._reads = tuple(rows.reads | work.reads)
        self._last: tuple[list[Any], Cost] = ([], Cost(0, 0))

    def __call__(self, variables: Values) -> Cost:
        """Return the cost with the values of the variables."""
        if self._known is not None:
            return self._known
        given = [variables.get(name) for name in self._reads]
        sizes = [len(value) if isinstance(value, list) else value for value in given]
        last, cost = self._last
        if last != sizes:
            # Kept for the next one: most clients ask for pages of one size.
            cost = Cost(self._rows(variables), self._work(variables))
            self._last = (sizes, cost)
        return cost
