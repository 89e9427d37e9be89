"""Variants of a statement: of one shape of variables, but for values that decide what the SQL is.

Those are how many rows a page has, by its order of magnitude, and where a cursor has missing values.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from resolvers.compiled.slots import Inputs, Supplied
from resolvers.compiled.statement import Statement
from resolvers.cursors import Cursors
from resolvers.ways import NotCompiled, Reason, compiling

_MOST = 8


class Call(NamedTuple):
    """A statement, and what it is run with; `is_new` where it was made for this run."""

    statement: Statement
    inputs: Inputs
    is_new: bool = False


@dataclass
class Variants:
    """The statements that were made by `compile` for values that came; the last few are kept, the newest first."""

    compile: Callable[[Supplied], Statement]
    cursors: Cursors
    kept: list[Statement] = field(default_factory=list)

    def call(self, supplied: Supplied) -> Call:
        """Return the call that fits the values; raise `BadUserInput` where they can't be used."""
        for at, statement in enumerate(self.kept):
            inputs = self._inputs(statement, supplied)
            if inputs is not None:
                if at:
                    self.kept.insert(0, self.kept.pop(at))
                return Call(statement, inputs)
        with compiling():
            statement = self.compile(supplied)
        self.kept[:] = [statement, *self.kept[: _MOST - 1]]
        inputs = self._inputs(statement, supplied)
        if inputs is None:
            raise NotCompiled(Reason.UNFIT)
        return Call(statement, inputs, is_new=True)

    def _inputs(self, statement: Statement, supplied: Supplied) -> Inputs | None:
        """Return what a statement is run with; None where it is for other values."""
        variables = supplied.variables
        opened, sizes = [], []
        for asked in statement.sizes:
            size = asked.value(variables)
            if size not in asked.fits:
                return None
            sizes.append(size)
        for cursor in statement.opened:
            values = cursor.values(self.cursors, variables)
            if tuple([value is None for value in values]) != cursor.nulls:
                return None
            opened.append(values)
        inputs = Inputs(supplied, opened, sizes)
        for holds in statement.conditions:
            if not holds(inputs):
                return None
        return inputs
