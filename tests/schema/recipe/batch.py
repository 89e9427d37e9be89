"""Batches: what a laboratory made in one go, and what of it lies in a warehouse."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Mapped

from schema.entities.product import Product
from schema.entities.warehouse import Warehouse
from schema.entity import Cache, Entity, Landing, Word, field, key, link, many, one
from security.rows import assigned, granted, territory


class BatchState(Word):
    """Whether a batch may be sold."""

    FREE = "free", "May be sold."
    BLOCKED = "blocked", "Must not leave the warehouse."


class Batch(
    Entity,
    rows=granted("inventory:read") & assigned("warehouse_id"),
    cache=Cache(seconds=20),
    warehouse=Landing(partition="made_on", cluster=("product_id",)),
    plural="batches",
):
    """Packages of one medicine that were made together, in one warehouse."""

    __tablename__ = "batches"

    id: Mapped[int] = key()
    product_id: Mapped[int] = link("products.id")
    warehouse_id: Mapped[int] = link("warehouses.id")
    code: Mapped[str] = field("The laboratory's number of the batch.", unique=True)
    made_on: Mapped[date] = field("When it was made.")
    expires_on: Mapped[date | None] = field("Until when it may be used.")
    packages: Mapped[int] = field("How many packages there are.", default=0)
    unit_cost: Mapped[Decimal | None] = field("What a package costs us, in BRL.", read="finance:read")
    inspector: Mapped[str | None] = field("Who inspected it.", read="suppliers:read", pii=True)
    certificate: Mapped[dict[str, Any] | None] = field("The laboratory's certificate.")
    is_cold: Mapped[bool] = field("Whether it must be kept cold.", default=False)
    state: Mapped[BatchState] = field("Whether the batch may be sold.", default="free")
    arrived_at: Mapped[datetime] = field("When it arrived.", default=func.now())

    product: Mapped[Product] = one("The medicine.")
    warehouse: Mapped[Warehouse | None] = one("Where it lies.")
    recalls: Mapped[list[Recall]] = many("Recalls of the batch.")


class Recall(Entity, rows=granted("inventory:read") | territory("region")):
    """A call to send packages back."""

    __tablename__ = "recalls"

    id: Mapped[int] = key()
    batch_id: Mapped[int] = link("batches.id")
    region: Mapped[str] = field("Region of Brazil that it is for.")
    reason: Mapped[str] = field("Why.")

    batch: Mapped[Batch | None] = one("What is recalled.")
