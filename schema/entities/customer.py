"""Customers: the pharmacies that Cienty serves."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, Word, field, key, link, many, one
from schema.masks import Mask
from security.rows import granted, owner, territory

if TYPE_CHECKING:
    from schema.entities.customer_tier import CustomerTier
    from schema.entities.interaction import Interaction
    from schema.entities.order import Order


class CustomerStatus(Word):
    """Whether a pharmacy may order."""

    ACTIVE = "active", "May order."
    INACTIVE = "inactive", "Has stopped ordering."
    SUSPENDED = "suspended", "May not order for now."


class Customer(
    Entity,
    rows=granted("customers:read") | owner("id") | territory("region"),
    cache=Cache(seconds=60),
    warehouse=Landing(cluster=("region", "id")),
):
    """A pharmacy that buys from Cienty."""

    __tablename__ = "customers"

    id: Mapped[int] = key()
    name: Mapped[str] = field("Trade name.")
    cnpj: Mapped[str] = field(
        "Number in the national register of companies, 14 characters without punctuation.",
        read="customers.pii:read",
        pii=True,
        mask=Mask.LAST_FOUR,
        unique=True,
    )
    email: Mapped[str | None] = field(
        "Address of the purchasing desk.", read="customers.pii:read", pii=True, mask=Mask.MAILBOX
    )
    phone: Mapped[str | None] = field(
        "Telephone, with country code.", read="customers.pii:read", pii=True, mask=Mask.LAST_FOUR
    )
    address: Mapped[str | None] = field("Street, number and CEP.", read="customers.pii:read", pii=True)
    city: Mapped[str | None] = field("City.")
    state: Mapped[str | None] = field("State, by its two letters: `SP`.")
    region: Mapped[str] = field("Region of Brazil: `Norte`, `Nordeste`, `Centro-Oeste`, `Sudeste` or `Sul`.")
    tier_id: Mapped[int | None] = link("customer_tiers.id")
    credit_limit: Mapped[Decimal | None] = field("How much may be owed, in BRL.", read="customers.credit:read")
    payment_terms: Mapped[str | None] = field("Days to pay: `30d`.", read="customers.credit:read")
    status: Mapped[CustomerStatus] = field("Whether the pharmacy may order.", default="active")
    created_at: Mapped[datetime] = field("When the pharmacy became a customer.", default=func.now())
    updated_at: Mapped[datetime] = field("When the row was last changed.", default=func.now())

    tier: Mapped[CustomerTier | None] = one("The tier that sets the pharmacy's prices.")
    orders: Mapped[list[Order]] = many("What the pharmacy ordered.")
    interactions: Mapped[list[Interaction]] = many("Contacts with the pharmacy.")
