"""Prices: what a medicine costs, per tier and period."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, field, key, link, one
from security.rows import granted, tier

if TYPE_CHECKING:
    from schema.entities.customer_tier import CustomerTier
    from schema.entities.product import Product


class Price(
    Entity,
    rows=granted("prices:read") | tier("customer_tier_id"),
    cache=Cache(seconds=60),
    warehouse=Landing(cluster=("product_id",)),
):
    """The price of a medicine for a tier, or for all tiers without their own."""

    __tablename__ = "pricing"
    __table_args__ = (
        UniqueConstraint("product_id", "customer_tier_id", "effective_from", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[int] = key()
    product_id: Mapped[int] = link("products.id")
    customer_tier_id: Mapped[int | None] = link("customer_tiers.id")
    price: Mapped[Decimal] = field("Price of a package, in BRL.")
    effective_from: Mapped[datetime] = field("From when the price holds.")
    effective_to: Mapped[datetime | None] = field("Until when the price holds; null while it has no end.")
    created_at: Mapped[datetime] = field("When the row was made.", default=func.now())

    product: Mapped[Product] = one("The medicine.")
    tier: Mapped[CustomerTier | None] = one("The tier that the price is for; null for the default price.")
