"""Who pays from which buckets: a subject from its own and, where it belongs to a customer, from the customer's too."""

import hashlib
from collections import OrderedDict

from security.budgets.account import Account, Standing
from security.budgets.bucket import Buckets
from security.budgets.table import TENANT, budget_of
from security.principal import Principal

_MOST = 10_000
"""Accounts that are kept; those that paid last. Who is forgotten loses less than 1 % of a budget."""


class Wallet:
    """What a principal pays from: each of its accounts pays the whole cost."""

    def __init__(self, accounts: tuple[Account, ...]) -> None:
        self._accounts = accounts

    def spend(self, cost: int) -> bool:
        """Spend tokens that are held here, which asks nobody; False, and nothing is spent, where they are too few."""
        for account in self._accounts:
            if account.held < cost:
                return False
        for account in self._accounts:
            account.held -= cost
        return True

    async def pay(self, cost: int) -> None:
        """Spend tokens; raise `Throttled`, and nothing is spent, where one of the accounts has too few."""
        paid: list[Account] = []
        try:
            for account in self._accounts:
                await account.pay(cost)
                paid.append(account)
        except BaseException:
            for account in paid:
                account.refund(cost)
            raise

    def refund(self, tokens: int) -> None:
        """Give tokens back that were spent for nothing."""
        for account in self._accounts:
            account.refund(tokens)

    def standing(self) -> Standing | None:
        """Return how the account stands that has least left; None where nothing has to be paid."""
        if len(self._accounts) == 1:
            return self._accounts[0].standing()
        standings = (account.standing() for account in self._accounts)
        return min(standings, key=lambda standing: standing.remaining, default=None)


class Budgets:
    """The wallets of those who ask now."""

    def __init__(self, buckets: Buckets, *, factor: float = 1.0, processes: int = 1) -> None:
        """Make wallets over buckets that so many processes share; each budget of the table is multiplied."""
        self._buckets = buckets
        self._factor = factor
        self._processes = processes
        self._wallets: OrderedDict[tuple[object, ...], Wallet] = OrderedDict()
        self._tenants: OrderedDict[int, Account] = OrderedDict()

    def wallet(self, principal: Principal) -> Wallet:
        """Return what a principal pays from; the same for all its tokens, however it asks."""
        key = (principal.subject, principal.customer_id, principal.roles)
        found = self._wallets.get(key)
        if found is None:
            found = self._wallets[key] = Wallet(self._accounts(principal))
            if len(self._wallets) > _MOST:
                self._wallets.popitem(last=False)
        else:
            self._wallets.move_to_end(key)
        return found

    def _accounts(self, principal: Principal) -> tuple[Account, ...]:
        budget = budget_of(principal).times(self._factor)
        # Redis is told no names.
        name = hashlib.sha256(principal.subject.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        own = Account(f"subject:{name}", budget, self._buckets, processes=self._processes)
        return (own,) if principal.customer_id is None else (own, self._tenant(principal.customer_id))

    def _tenant(self, customer_id: int) -> Account:
        found = self._tenants.get(customer_id)
        if found is None:
            budget = TENANT.times(self._factor)
            found = Account(f"customer:{customer_id}", budget, self._buckets, processes=self._processes)
            self._tenants[customer_id] = found
            if len(self._tenants) > _MOST:
                self._tenants.popitem(last=False)
        return found
