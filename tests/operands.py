"""Random values that operations name: keys of rows, and what fields are compared with, most of them of some row."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from schema.model import Kind, Model, ScalarField
from tests.model.world import as_id
from tests.rows import Data
from tests.sample import DATA

T = TypeVar("T")

_AS_SENT: dict[Kind, Callable[[Any], Any]] = {
    Kind.KEY: str,
    Kind.DECIMAL: str,
    Kind.DATETIME: lambda value: value if isinstance(value, str) else _in_some_zone(value),
    Kind.WORD: lambda word: str(word).upper(),
}
_INSTEAD: dict[Kind, Any] = {
    Kind.STRING: "",
    Kind.DECIMAL: Decimal(),
    Kind.BOOLEAN: False,
    Kind.DATETIME: dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
}
"""What a field that no row has a value of is compared with; others are compared with a number or a word anyhow."""


@dataclass(frozen=True)
class Operands:
    """Strategies of values. `data` gives the rows that have them: the same ones all through an example."""

    data: st.SearchStrategy[Data]

    def ids(self, model: Model) -> st.SearchStrategy[str]:
        """Return ids of rows of an entity, and now and then one that none has."""
        return self._among(lambda data: [*data.tables[model.table.name], {"id": 4_000_000_000}, {"id": 2**63 - 1}]).map(
            lambda row: as_id(model, row)
        )

    def values(self, field: ScalarField) -> st.SearchStrategy[Any]:
        """Return values to compare a field with, as they are sent: those that it has somewhere, and some near them."""
        held = self._held(field)
        others: dict[Kind, st.SearchStrategy[Any]] = {
            Kind.STRING: held.map(str.upper),
            Kind.KEY: st.sampled_from([-(2**63), 2**63 - 1, 0]),
            Kind.INTEGER: st.sampled_from([0, -(2**31), 2**31 - 1]),
            Kind.DECIMAL: st.one_of(held.map(_nearby), st.sampled_from(["1E+30", "-1e-30", "0.005"])),
            Kind.DATETIME: st.just("2025-01-01T00:00:00-03:00"),
            Kind.WORD: st.sampled_from(list(field.words or ("",))),
        }
        either = st.one_of(held, others[field.kind]) if field.kind in others else held
        return either.map(_AS_SENT.get(field.kind, lambda value: value))

    def pieces(self, field: ScalarField) -> st.SearchStrategy[str]:
        """Return pieces of a field's values, in other capitals, and characters that mean something in patterns."""
        cut = st.tuples(self._held(field), st.integers(0, 8), st.integers(0, 8))
        piece = cut.map(lambda cut: cut[0][cut[1] : cut[1] + cut[2]])
        return st.one_of(
            piece,
            piece.map(str.upper),
            piece.map(str.lower),
            st.sampled_from(["%", "_", "\\", "\\%", "%%", "{}", "0_", ""]),
        )

    def _held(self, field: ScalarField) -> st.SearchStrategy[Any]:
        instead = next(iter(field.words)) if field.words else _INSTEAD.get(field.kind, 0)
        return self._among(lambda data: data.held(field) or [instead])

    def _among(self, options: Callable[[Data], Sequence[T]]) -> st.SearchStrategy[T]:
        """Return one of the options that the data give; a strategy for each data set would take long to make."""
        return st.tuples(self.data, st.integers(0, 255)).map(lambda drawn: _picked(options(drawn[0]), drawn[1]))


OF_SAMPLE: Final = Operands(st.just(DATA))


def _picked(options: Sequence[T], at: int) -> T:
    return options[at % len(options)]


def _nearby(value: Decimal) -> str:
    """Return a number that differs from the value by less than a cent, which the column can't hold."""
    return str(value + Decimal("0.004"))


def _in_some_zone(moment: dt.datetime) -> str:
    return moment.astimezone(dt.timezone(dt.timedelta(hours=moment.second % 24 - 12, minutes=30))).isoformat()
