"""Bugs in row rules: dropped, negated, widened, compared with another column or claim."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from resolvers.sql import scope
from resolvers.sql.scope import Predicate, Scope
from security.capabilities import Reach
from security.principal import Principal
from security.rows import (
    Claim,
    Compare,
    Comparison,
    RowRule,
    _Narrowing,
    _Reaching,
    assigned,
    granted,
    owner,
    territory,
    tier,
)
from tests.planted.planting import BOTH_PATHS, Bug, Plant, instead, on, predicate_of, rows_of, wrapped

_PHARMACY = ("sales", "customer")
_STOCK = ("operations",)


def _dropped(entity: str, *roles: str) -> Bug:
    plant = predicate_of(entity, lambda _: sa.true())
    return Bug(f"the row rule of {entity} is dropped", plant, BOTH_PATHS, roles, on(entity))


def _negated(entity: str, *roles: str) -> Bug:
    plant = predicate_of(entity, sa.not_)
    return Bug(f"the row rule of {entity} is negated", plant, BOTH_PATHS, roles, on(entity))


def _rule(about: str, entity: str, rule: RowRule, *roles: str) -> Bug:
    return Bug(about, rows_of(entity, rule), BOTH_PATHS, roles, on(entity), builds_schemas=True)


def _territory_if_named(path: str) -> RowRule:
    return _Reaching(Reach.TERRITORY, Compare(path, Comparison.AMONG_IF_NAMED, Claim.REGIONS))


def _compared_as(comparison: Comparison, other: Comparison) -> Plant:
    """Let one comparison be made as another."""

    def make(compared: Callable[..., Predicate]) -> Callable[..., Predicate]:
        def broken(self: Scope, column: sa.ColumnElement[Any], compare: Compare) -> Predicate:
            if compare.comparison is comparison:
                compare = Compare(compare.path, other, compare.claim)
            return compared(self, column, compare)

        return broken

    return wrapped(Scope, "_compared", make)


BUGS = (
    *(_dropped(entity, *_PHARMACY) for entity in ("Customer", "Order", "OrderItem", "Interaction")),
    *(_dropped(entity, *_STOCK) for entity in ("Warehouse", "InventoryItem", "PurchaseOrder")),
    _dropped("Price", "customer"),
    _negated("Customer", *_PHARMACY),
    _negated("Price", "customer"),
    _negated("PurchaseOrder", *_STOCK),
    _rule(
        "`or` for `and` between the capability and the warehouses of stock",
        "InventoryItem",
        granted("inventory:read") | assigned("warehouse_id"),
        *_STOCK,
    ),
    _rule("stock is not narrowed to the token's warehouses", "InventoryItem", granted("inventory:read"), *_STOCK),
    _rule(
        "`and` for `or` between owner and territory of orders",
        "Order",
        granted("orders:read") | (owner("customer_id") & territory("customer.region")),
        *_PHARMACY,
    ),
    _rule("a pharmacy owns the order of its own number", "Order", granted("orders:read") | owner("id"), "customer"),
    _rule(
        "a contact belongs to the pharmacy of its order's number",
        "Interaction",
        granted("interactions:read") | owner("order_id") | territory("customer.region"),
        "customer",
    ),
    _rule("pharmacies don't own themselves", "Customer", granted("customers:read") | territory("region"), "customer"),
    _rule(
        "a token without regions sees all regions",
        "Customer",
        granted("customers:read") | owner("id") | _territory_if_named("region"),
        "sales",
    ),
    _rule(
        "territory is asked for where it was not granted", "Order", granted("orders:read:own") | owner("id"), "sales"
    ),
    _rule(
        "a tier's prices are those without a tier",
        "Price",
        granted("prices:read") | owner("customer_tier_id"),
        "customer",
    ),
    _rule(
        "stock is compared by its medicine in place of its warehouse",
        "InventoryItem",
        granted("inventory:read") & _Narrowing(Compare("product_id", Comparison.AMONG_IF_NAMED, Claim.WAREHOUSE_IDS)),
        *_STOCK,
    ),
    _rule(
        "prices are granted by the catalogue", "Price", granted("catalog:read") | tier("customer_tier_id"), "support"
    ),
    Bug(
        "prices of all tiers are shown where they are for somebody's tier",
        _compared_as(Comparison.ABSENT_OR_EQUALS, Comparison.AMONG_IF_NAMED),
        roles=("customer",),
        focus=on("Price"),
    ),
    Bug(
        "whoever names no warehouse sees none",
        _compared_as(Comparison.AMONG_IF_NAMED, Comparison.AMONG),
        roles=_STOCK,
        focus=on("Warehouse", "InventoryItem"),
    ),
    Bug(
        "regions are compared with the first that the token names",
        instead(
            scope,
            "claim_value",
            lambda principal, claim: (
                list(getattr(principal, claim.value))[:1] if claim is Claim.REGIONS else scope_value(principal, claim)
            ),
        ),
        (*BOTH_PATHS[1:],),
        ("sales",),
        on("Customer", "Order"),
    ),
)


def scope_value(principal: Principal, claim: Claim) -> Any:
    value = getattr(principal, claim.value)
    return list(value) if isinstance(value, tuple) else value
