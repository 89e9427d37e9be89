"""Inventory: what lies in which warehouse."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, field, key, link, one
from security.rows import assigned, granted

if TYPE_CHECKING:
    from schema.entities.product import Product
    from schema.entities.warehouse import Warehouse


class InventoryItem(
    Entity,
    rows=granted("inventory:read") & assigned("warehouse_id"),
    cache=Cache(seconds=10),
    warehouse=Landing(cluster=("warehouse_id", "product_id")),
    singular="inventory",
    plural="inventoryItems",
):
    """Stock of one medicine in one warehouse, in packages."""

    __tablename__ = "inventory"
    __table_args__ = (UniqueConstraint("product_id", "warehouse_id"),)

    id: Mapped[int] = key()
    product_id: Mapped[int] = link("products.id")
    warehouse_id: Mapped[int] = link("warehouses.id")
    quantity_available: Mapped[int] = field("Packages that may be sold.")
    quantity_reserved: Mapped[int] = field("Packages promised to orders.", default=0)
    quantity_incoming: Mapped[int] = field("Packages ordered from suppliers.", default=0)
    reorder_point: Mapped[int] = field("Number of packages below which to reorder.", default=0)
    last_updated: Mapped[datetime] = field("When the stock was last counted or moved.", default=func.now())

    product: Mapped[Product] = one("The medicine.")
    warehouse: Mapped[Warehouse | None] = one("Where it lies.")
