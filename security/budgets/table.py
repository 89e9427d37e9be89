"""Which role may spend how much: the one table. A row that an operation may give costs 1."""

from dataclasses import dataclass

from security.principal import Principal
from security.roles import Role


@dataclass(frozen=True)
class Budget:
    """A bucket of so many tokens at the most, into which so many fall each second."""

    capacity: int
    per_second: int

    def times(self, factor: float) -> "Budget":
        """Return the budget, larger or smaller; never without any token."""
        return Budget(max(1, round(self.capacity * factor)), max(1, round(self.per_second * factor)))


_STAFF = Budget(10_000_000, 1_000_000)

BUDGETS: dict[Role, Budget] = {
    Role.ADMIN: _STAFF,
    Role.SALES: _STAFF,
    Role.OPERATIONS: _STAFF,
    Role.SUPPORT: _STAFF,
    Role.ANALYST: _STAFF,
    Role.AGENT: _STAFF,
    Role.CUSTOMER: Budget(4_000_000, 400_000),
}
"""The budget of one subject: of several roles the largest. One process answers up to 250,000 rows a second, so that
by these figures nobody is slowed down who asks one process alone; a deployment sets GATEWAY_BUDGET_FACTOR."""

TENANT = Budget(8_000_000, 800_000)
"""The budget of a customer: of all subjects with its number together."""


def budget_of(principal: Principal) -> Budget:
    """Return the budget of a principal's subject."""
    found = [BUDGETS[role] for role in principal.roles]
    return max(found, key=lambda budget: budget.capacity, default=BUDGETS[Role.CUSTOMER])
