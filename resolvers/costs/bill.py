"""The bill of one operation."""

from resolvers.answers import Answer
from resolvers.costs.price import Cost
from security.budgets import Standing, Wallet
from security.errors import BadUserInput, TimedOut

_LEAST = 1
"""What any operation costs, whatever it asks for."""


class Bill:
    """What one operation costs, and who pays. It is paid in advance; what was not there is given back.

    `has_worked` is to be set where the database was asked before it showed that a value can't be used.
    """

    __slots__ = ("_wallet", "actual", "cost", "has_worked", "requested")

    def __init__(self, cost: Cost, requested: int, wallet: Wallet) -> None:
        self.cost = cost
        self.requested = requested or _LEAST
        self.actual: int | None = None
        self.has_worked = False
        self._wallet = wallet

    def spend(self) -> bool:
        """Pay from what this process holds; False where that is too little, and `pay` must."""
        return self._wallet.spend(self.requested)

    async def pay(self) -> None:
        """Pay, with more from the shared budget; raise `Throttled` where it is spent."""
        await self._wallet.pay(self.requested)

    def settle(self, answer: Answer) -> None:
        """Give back what the answer did not cost.

        One that took too long has cost all, and one that was refused when others of its fields were answered already:
        the database was at work.

        A row is a JSON object of the answer, and there are at most as many as were requested. Braces are counted,
        which takes 1 µs where parsing takes a hundred; those that stand in texts only make it more.
        """
        if answer.executed:
            # Taking braces out is six times as fast as `count`, which looks at each byte.
            objects = len(answer.body) - len(answer.body.replace(b"{", b""))
            self._cost(self.cost.actual(objects) or _LEAST)
        else:
            has_worked = answer.status == TimedOut.status or (self.has_worked and answer.status == BadUserInput.status)
            self._cost(self.requested if has_worked else _LEAST)

    def give_back(self) -> None:
        """Give back what was paid for an operation that nothing was done for."""
        self._cost(_LEAST)

    def _cost(self, actual: int) -> None:
        self.actual = actual
        self._wallet.refund(self.requested - actual)

    def standing(self) -> Standing | None:
        """Return how the budget stands; None where there are none."""
        return self._wallet.standing()
