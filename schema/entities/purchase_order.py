"""Purchase orders: what Cienty buys from suppliers."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, Word, field, key, link, one
from security.rows import assigned, granted

if TYPE_CHECKING:
    from schema.entities.product import Product
    from schema.entities.supplier import Supplier
    from schema.entities.warehouse import Warehouse


class PurchaseOrderStatus(Word):
    """Where a purchase order stands."""

    ORDERED = "ordered", "Sent to the supplier."
    RECEIVED = "received", "Arrived, in full or in part."
    CANCELLED = "cancelled", "Ended without arrival."


class PurchaseOrder(
    Entity,
    rows=granted("purchasing:read") & assigned("warehouse_id"),
    cache=Cache(seconds=60),
    warehouse=Landing(partition="ordered_at", cluster=("supplier_id",)),
):
    """An order of one medicine from a supplier, for one warehouse."""

    __tablename__ = "purchase_orders"

    id: Mapped[int] = key()
    supplier_id: Mapped[int] = link("suppliers.id")
    product_id: Mapped[int] = link("products.id")
    warehouse_id: Mapped[int] = link("warehouses.id")
    quantity_ordered: Mapped[int] = field("Packages ordered.")
    quantity_received: Mapped[int] = field("Packages that arrived.", default=0)
    unit_cost: Mapped[Decimal] = field("What a package costs us, in BRL.", read="finance:read")
    status: Mapped[PurchaseOrderStatus] = field("Where the purchase order stands.", default="ordered")
    ordered_at: Mapped[datetime] = field("When we ordered.", indexed=True)
    expected_at: Mapped[datetime | None] = field("When the supplier promised to deliver.")
    received_at: Mapped[datetime | None] = field("When the goods arrived.")
    created_at: Mapped[datetime] = field("When the row was made.", default=func.now())

    supplier: Mapped[Supplier] = one("Who delivers.")
    product: Mapped[Product] = one("The medicine.")
    warehouse: Mapped[Warehouse | None] = one("Where it goes.")
