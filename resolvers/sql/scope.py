"""Which rows a principal sees, as SQL."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from resolvers.sql.binding import Binding, bound_now
from schema.entity import policy_column
from schema.model import Graph, Link, Model
from security.principal import Principal
from security.rows import AllOf, Always, AnyOf, Claim, Compare, Comparison, Condition, Never

Predicate = sa.ColumnElement[bool]
ONE: sa.ColumnElement[Any] = sa.literal_column("1")
Source = sa.FromClause


@dataclass(frozen=True)
class Scope:
    """A principal's view of the graph.

    `everything` is the graph as declared, through which row rules reach; `seen` is what exists for the principal.
    With `totals` rows are those that may be counted, which are more than those that may be read for some.
    """

    everything: Graph
    seen: Graph
    principal: Principal
    totals: bool = False
    bind: Binding = bound_now

    def visible(self, model: Model, source: Source) -> Predicate:
        """Return the predicate of an entity's visible rows; `source` is its table or an alias of it."""
        capabilities = self.principal.capabilities
        rule = model.rows
        condition = rule.total(capabilities) if self.totals else rule.condition(capabilities)
        return self.predicate(condition, source)

    def predicate(self, condition: Condition, source: Source) -> Predicate:
        """Return a condition with the principal's claims in it, on rows of the table that it was declared for."""
        match condition:
            case Always():
                return sa.true()
            case Never():
                return sa.false()
            case AllOf(parts):
                return all_hold(*(self.predicate(part, source) for part in parts))
            case AnyOf(parts):
                return sa.or_(*(self.predicate(part, source) for part in parts))
            case Compare():
                return self._compared(source.c[policy_column(condition.path)], condition)

    def _compared(self, column: sa.ColumnElement[Any], compare: Compare) -> Predicate:
        claim = self._claim(compare.claim)
        match compare.comparison:
            case Comparison.EQUALS:
                return sa.false() if claim is None else column == claim
            case Comparison.ABSENT_OR_EQUALS:
                return column.is_(None) if claim is None else sa.or_(column.is_(None), column == claim)
            case Comparison.AMONG:
                return sa.false() if claim is None else column == sa.any_(claim)
            case Comparison.AMONG_IF_NAMED:
                return sa.true() if claim is None else column == sa.any_(claim)

    def _claim(self, claim: Claim) -> sa.ColumnElement[Any] | None:
        """Return the principal's value as SQL, None where it has none."""
        match claim:
            case Claim.CUSTOMER_ID if self.principal.customer_id is not None:
                return self.bind(claim, sa.BigInteger(), self._value)
            case Claim.CUSTOMER_TIER if self.principal.customer_id is not None:
                return self._customer_tier()
            case Claim.REGIONS if self.principal.regions:
                return self.bind(claim, ARRAY(sa.Text()), self._value)
            case Claim.WAREHOUSE_IDS if self.principal.warehouse_ids:
                return self.bind(claim, ARRAY(sa.BigInteger()), self._value)
        return None

    def _value(self, claim: Claim) -> Any:
        return claim_value(self.principal, claim)

    def _customer_tier(self) -> sa.ColumnElement[Any]:
        """Return the tier of the principal's pharmacy, which no token has; as a subquery it is asked for once."""
        own = self.bind(Claim.CUSTOMER_ID, sa.BigInteger(), self._value)
        return sa.select(sa.func.gateway_customer_tier(own)).scalar_subquery()


def claim_value(principal: Principal, claim: Claim) -> Any:
    """Return what a principal's token says, as the database takes it."""
    value = getattr(principal, claim.value)
    return list(value) if isinstance(value, tuple) else value


def all_hold(*parts: Predicate) -> Predicate:
    """Return the conjunction of the parts, without those that say nothing."""
    telling = [part for part in parts if not isinstance(part, sa.True_)]
    return sa.and_(*telling) if telling else sa.true()


def joined(link: Link, source: Source, other: Source) -> Predicate:
    """Return the condition under which two rows are linked."""
    return other.c[link.remote.key] == source.c[link.local.key]
