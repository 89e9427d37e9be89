"""Which role has which capabilities: the one table."""

from collections.abc import Iterable
from enum import StrEnum

from security.capabilities import Capabilities


class Role(StrEnum):
    """What a principal is to Cienty."""

    ADMIN = "admin"
    SALES = "sales"
    OPERATIONS = "operations"
    SUPPORT = "support"
    AGENT = "agent"
    CUSTOMER = "customer"
    ANALYST = "analyst"


CAPABILITIES: dict[str, str] = {
    "catalog:read": "Medicines, categories, laboratories' names, customer tiers.",
    "prices:read": "Prices per tier and period.",
    "customers:read": "Pharmacies: name, place, tier, status.",
    "customers.pii:read": "A pharmacy's CNPJ, e-mail, telephone and address.",
    "customers.credit:read": "A pharmacy's credit limit and payment terms.",
    "orders:read": "Orders and their lines, without amounts.",
    "orders.amounts:read": "What orders and their lines cost.",
    "orders.notes:read": "Delivery addresses and the sales desk's notes.",
    "orders:write": "Placing, changing and cancelling orders, with their lines.",
    "inventory:read": "Warehouses and stock.",
    "suppliers:read": "Suppliers' contacts and terms.",
    "purchasing:read": "What we order from suppliers.",
    "finance:read": "What we pay suppliers.",
    "interactions:read": "Contacts with customers.",
    "interactions.messages:read": "What customers wrote.",
    "audit:read": "The audit log: who asked for what, and what became of it.",
    "quality:read": "What the checks of the warehouse found.",
    "access:explain": "What anybody would be told, and which rule decides.",
}

ROLES: dict[Role, Capabilities] = {
    Role.ADMIN: Capabilities.of(CAPABILITIES),
    Role.SALES: Capabilities.of(
        [
            "catalog:read",
            "prices:read",
            "inventory:read",
            "customers:read:territory",
            "customers.pii:read",
            "customers.credit:read",
            "orders:read:territory",
            "orders.amounts:read",
            "orders.notes:read",
            "orders:write:territory",
            "interactions:read:territory",
            "interactions.messages:read",
        ]
    ),
    Role.OPERATIONS: Capabilities.of(
        ["catalog:read", "inventory:read", "suppliers:read", "purchasing:read", "finance:read", "quality:read"]
    ),
    Role.SUPPORT: Capabilities.of(
        [
            "catalog:read",
            "customers:read",
            "customers.pii:read:masked",
            "interactions:read",
            "interactions.messages:read",
        ]
    ),
    Role.AGENT: Capabilities.of(
        [
            "catalog:read",
            "prices:read",
            "inventory:read",
            "customers:read",
            "orders:read",
            "orders.amounts:read",
            "orders:write",
            "interactions:read",
            "interactions.messages:read",
        ]
    ),
    Role.CUSTOMER: Capabilities.of(
        [
            "catalog:read",
            "prices:read:tier",
            "customers:read:own",
            "customers.pii:read",
            "customers.credit:read",
            "orders:read:own",
            "orders.amounts:read",
            "orders.notes:read",
            "orders:write:own",
            "interactions:read:own",
            "interactions.messages:read",
        ]
    ),
    Role.ANALYST: Capabilities.of(
        [
            "catalog:read",
            "prices:read",
            "customers:read:aggregate",
            "orders:read:aggregate",
            "orders.amounts:read",
            "inventory:read:aggregate",
            "purchasing:read:aggregate",
            "finance:read",
            "interactions:read:aggregate",
            "quality:read",
        ]
    ),
}

SENSITIVE = (
    "customers.pii:read",
    "customers.credit:read",
    "orders.notes:read",
    "suppliers:read",
    "interactions.messages:read",
    "audit:read",
)
"""What reads personal data, and a pharmacy's credit."""

SCOPED_ROLES = frozenset({Role.AGENT})
"""Roles that have no capability unless the token's scopes name it."""


def is_sensitive(capability: str) -> bool:
    """Tell whether a capability reads personal data or writes: what nobody may do whose token may be revoked."""
    area, verb, *_ = capability.split(":")
    return verb != "read" or f"{area}:{verb}" in SENSITIVE


def capabilities_of(roles: Iterable[Role], scopes: Iterable[str] | None) -> Capabilities:
    """Return what the roles grant together; scopes, where the token has any, narrow it.

    A role of `SCOPED_ROLES` grants nothing without scopes.
    """
    named = list(roles)
    if scopes is None:
        return Capabilities.of(c for role in named if role not in SCOPED_ROLES for c in ROLES[role].granted)
    return Capabilities.of(c for role in named for c in ROLES[role].granted).narrowed(scopes)
