"""The till: prices each operation, refuses what is too dear, and has the others paid for from their budgets."""

from resolvers.coercion import Coerced
from resolvers.costs.bill import Bill
from resolvers.costs.pricing import price_of
from resolvers.documents import Prepared
from resolvers.schemas import SeenSchema
from security.budgets import Budgets, Wallet
from security.errors import TooExpensive
from security.principal import Principal

_FREE = Wallet(())


class Till:
    """Makes out the bills of one engine."""

    def __init__(self, *, max_page_size: int, most_cost: int | None, budgets: Budgets | None) -> None:
        self._max_page_size = max_page_size
        self._most_cost = most_cost
        self._budgets = budgets

    def bill(self, prepared: Prepared, seen: SeenSchema, variables: Coerced, principal: Principal) -> Bill:
        """Return the bill of an operation; raise `TooExpensive` for one that may cost too much."""
        price = prepared.price
        if price is None:
            price = prepared.price = price_of(
                seen.schema, prepared.document, prepared.operation, max_page_size=self._max_page_size
            )
        cost = price(variables)
        requested = cost.requested
        if self._most_cost is not None and requested > self._most_cost:
            raise _too_costly(requested, self._most_cost)
        return Bill(cost, requested, self._budgets.wallet(principal) if self._budgets else _FREE)


def _too_costly(requested: int, most: int) -> TooExpensive:
    return TooExpensive(
        f"The operation may cost {requested:,}, and {most:,} is the most:"
        " ask for smaller pages, or for fewer lists within lists.",
        cost={"requestedQueryCost": requested, "maximumQueryCost": most},
    )
