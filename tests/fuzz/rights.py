"""Who has a right to what, written down from `docs/capabilities.md` and from nothing that the gateway runs.

The gateway derives rights from declarations. Here they are told a second time in other words, so that a mistake in a
declaration or in a derivation shows as a difference. Change both, and never one after the other's image.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from security.principal import Principal
from tests.model.filters import SENSITIVE

ALL, OWN, TERRITORY, TIER, AGGREGATE, MASKED = "all", "own", "territory", "tier", "aggregate", "masked"
REACHES = (OWN, TERRITORY, TIER, AGGREGATE, MASKED)

_COLUMNS = ("admin", "sales", "operations", "support", "agent", "customer", "analyst")
_TABLE = """
catalog:read               | all | all       | all  | all  | all  | all  | all
prices:read                | all | all       | none | none | all  | tier | all
customers:read             | all | territory | none | all  | all  | own  | aggregate
customers.pii:read         | all | all       | none | masked | none | all  | none
customers.credit:read      | all | all       | none | none | none | all  | none
orders:read                | all | territory | none | none | all  | own  | aggregate
orders.amounts:read        | all | all       | none | none | all  | all  | all
orders.notes:read          | all | all       | none | none | none | all  | none
orders:write               | all | territory | none | none | all  | own  | none
inventory:read             | all | all       | all  | none | all  | none | aggregate
suppliers:read             | all | none      | all  | none | none | none | none
purchasing:read            | all | none      | all  | none | none | none | aggregate
finance:read               | all | none      | all  | none | none | none | all
interactions:read          | all | territory | none | all  | all  | own  | aggregate
interactions.messages:read | all | all       | none | all  | all  | all  | none
audit:read                 | all | none      | none | none | none | none | none
quality:read               | all | none      | all  | none | none | none | all
access:explain             | all | none      | none | none | none | none | none
"""

_LINES = [[cell.strip() for cell in line.split("|")] for line in _TABLE.strip().splitlines()]
CAPABILITIES = tuple(line[0] for line in _LINES)
GRANTS: Mapping[str, Mapping[str, str]] = {
    role: {name: cells[at] for name, *cells in _LINES if cells[at] != "none"} for at, role in enumerate(_COLUMNS)
}
"""What each role is granted: how far each of its capabilities reaches."""

NEEDS: Mapping[str, str] = {
    "CustomerTier": "catalog:read",
    "Category": "catalog:read",
    "Supplier": "catalog:read",
    "Product": "catalog:read",
    "Price": "prices:read",
    "Customer": "customers:read",
    "Order": "orders:read",
    "OrderItem": "orders:read",
    "Interaction": "interactions:read",
    "Warehouse": "inventory:read",
    "InventoryItem": "inventory:read",
    "PurchaseOrder": "purchasing:read",
    "AuditRecord": "audit:read",
}
"""The capability that opens each entity."""

_OF_PHARMACIES = frozenset({ALL, OWN, TERRITORY, AGGREGATE})
KNOWS: Mapping[str, frozenset[str]] = {
    "Price": frozenset({ALL, TIER, AGGREGATE}),
    **dict.fromkeys(("Customer", "Order", "OrderItem", "Interaction"), _OF_PHARMACIES),
}
"""The reaches that mean something for an entity, beside all of its rows and counting them."""

NEEDS_MORE: Mapping[tuple[str, str], str] = {
    ("Customer", "cnpj"): "customers.pii:read",
    ("Customer", "email"): "customers.pii:read",
    ("Customer", "phone"): "customers.pii:read",
    ("Customer", "address"): "customers.pii:read",
    ("Customer", "creditLimit"): "customers.credit:read",
    ("Customer", "paymentTerms"): "customers.credit:read",
    ("Order", "subtotal"): "orders.amounts:read",
    ("Order", "tax"): "orders.amounts:read",
    ("Order", "shippingCost"): "orders.amounts:read",
    ("Order", "total"): "orders.amounts:read",
    ("Order", "shippingAddress"): "orders.notes:read",
    ("Order", "notes"): "orders.notes:read",
    ("OrderItem", "unitPrice"): "orders.amounts:read",
    ("OrderItem", "discount"): "orders.amounts:read",
    ("OrderItem", "tax"): "orders.amounts:read",
    ("OrderItem", "total"): "orders.amounts:read",
    ("Supplier", "contactInfo"): "suppliers:read",
    ("Supplier", "paymentTerms"): "suppliers:read",
    ("PurchaseOrder", "unitCost"): "finance:read",
    ("Interaction", "subject"): "interactions.messages:read",
    ("Interaction", "message"): "interactions.messages:read",
}
"""The capability that a field needs beside its entity's own."""

MASKS: Mapping[tuple[str, str], Callable[[str], str]] = {
    ("Customer", "cnpj"): lambda value: f"****{value[-4:]}" if len(value) > 7 else "****",
    ("Customer", "phone"): lambda value: f"****{value[-4:]}" if len(value) > 7 else "****",
    ("Customer", "email"): lambda value: re.sub(r"(?s)\A(.).+@([^@]*)\Z|.*", _mailbox, value, count=1),
}
"""What is left of a field for whoever sees it masked."""


def _mailbox(found: re.Match[str]) -> str:
    return "****" if found[1] is None else f"{found[1]}****@{found[2]}"


@dataclass(frozen=True)
class Rights:
    """What somebody has a right to, whatever the data is."""

    principal: Principal

    @cached_property
    def reaches(self) -> Mapping[str, frozenset[str]]:
        """How far each capability goes: several reaches add up."""
        found: dict[str, set[str]] = {}
        for capability, reach in self._granted():
            found.setdefault(capability, set()).add(reach)
        return {name: frozenset({ALL} if ALL in reaches else reaches) for name, reaches in found.items()}

    def of(self, entity: str) -> frozenset[str]:
        """Return the reaches by which rows of an entity are seen, or counted; one that it does not know is none."""
        return self.reaches.get(NEEDS[entity], frozenset()) & KNOWS.get(entity, frozenset({ALL, AGGREGATE}))

    def reads(self, entity: str) -> bool:
        """Tell whether rows of an entity may be read."""
        return bool(self.of(entity) - {AGGREGATE, MASKED})

    def counts(self, entity: str) -> bool:
        """Tell whether rows of an entity may be counted."""
        return bool(self.of(entity) - {MASKED})

    def has_field(self, entity: str, name: str) -> bool:
        """Tell whether a field exists, in full or masked."""
        return self.compares(entity, name) or self.masks(entity, name)

    def counts_unseen(self, entity: str) -> bool:
        """Tell whether rows of an entity are counted that may not be read: told of groups of several only."""
        return AGGREGATE in self.of(entity)

    def compares(self, entity: str, name: str) -> bool:
        """Tell whether a field is seen in full, so that rows may be chosen, ordered and grouped by it.

        Nobody chooses rows by their keys who may not read them.
        """
        more = NEEDS_MORE.get((entity, name))
        return (more is None or ALL in self.reaches.get(more, ())) and (name != "databaseId" or self.reads(entity))

    def measures(self, entity: str, name: str) -> bool:
        """Tell whether groups tell of a field: of what is sensitive not, where rows are counted and not read."""
        is_withheld = self.counts_unseen(entity) and NEEDS_MORE.get((entity, name)) in SENSITIVE
        return self.compares(entity, name) and not is_withheld

    def masks(self, entity: str, name: str) -> bool:
        """Tell whether a field is seen masked."""
        at = (entity, name)
        is_granted = MASKED in self.reaches.get(NEEDS_MORE.get(at, ""), ())
        return at in MASKS and is_granted and not self.compares(entity, name)

    def has_link(self, entity: str, target: str) -> bool:
        """Tell whether a link exists: where its rows may be read, or counted by whoever may only count here."""
        return self.reads(target) if self.reads(entity) else self.counts(target)

    @property
    def counts_more_than_it_reads(self) -> bool:
        """Tell whether some rows may be counted and not read, which no policy of the database can tell apart."""
        return any(AGGREGATE in reaches and ALL not in reaches for reaches in self.reaches.values())

    def _granted(self) -> Iterator[tuple[str, str]]:
        principal, actor = self.principal, self.principal.actor
        own = _granted(principal.roles, principal.scopes)
        if actor is None:
            yield from own
            return
        theirs = list(_granted(actor.roles, actor.scopes))
        for capability, reach in own:
            for name, other in theirs:
                if name == capability and ALL in (reach, other):
                    yield capability, other if reach == ALL else reach
                elif (name, other) == (capability, reach):
                    yield capability, reach


def _granted(roles: Iterable[str], scopes: Iterable[str] | None) -> Iterator[tuple[str, str]]:
    """Yield what roles grant, as far as scopes leave it."""
    for role in roles:
        if role == "agent" and scopes is None:
            continue
        for capability, reach in GRANTS[role].items():
            if scopes is None:
                yield capability, reach
            else:
                yield from ((capability, left) for scope in scopes for left in _met(capability, reach, scope))


def _met(capability: str, reach: str, scope: str) -> Iterator[str]:
    """Yield the reach that a scope leaves of a grant; a scope never adds."""
    area, verb, *narrower = scope.split(":")
    if f"{area}:{verb}" != capability:
        return
    [asked] = narrower or [ALL]
    if asked in (ALL, reach):
        yield reach
    elif reach == ALL:
        yield asked
