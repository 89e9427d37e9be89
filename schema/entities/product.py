"""Products: the presentations of medicines that Cienty sells."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, Word, field, key, link, many, one
from security.rows import granted

if TYPE_CHECKING:
    from schema.entities.category import Category
    from schema.entities.inventory_item import InventoryItem
    from schema.entities.order_item import OrderItem
    from schema.entities.price import Price
    from schema.entities.purchase_order import PurchaseOrder
    from schema.entities.supplier import Supplier


class ProductStatus(Word):
    """Whether a medicine is sold."""

    ACTIVE = "active", "Sold."
    DISCONTINUED = "discontinued", "No longer sold."


class Product(
    Entity,
    rows=granted("catalog:read"),
    cache=Cache(seconds=600, public=True),
    warehouse=Landing(cluster=("category_id", "manufacturer_id")),
):
    """A presentation of a medicine: one substance, dose and package of one laboratory."""

    __tablename__ = "products"

    id: Mapped[int] = key()
    sku: Mapped[str] = field("Our stock-keeping code.", unique=True)
    name: Mapped[str] = field("Commercial name.")
    description: Mapped[str | None] = field("Substance and presentation in full.")
    category_id: Mapped[int | None] = link("categories.id")
    manufacturer_id: Mapped[int | None] = link("suppliers.id")
    active_ingredient: Mapped[str | None] = field("Active substances, separated by `;`.")
    dosage: Mapped[str | None] = field("Strength of a dose: `500 MG`.")
    package_size: Mapped[str | None] = field("What a package holds: `COM CT BL X 20`.")
    regulatory_code: Mapped[str | None] = field("Registration with Anvisa.")
    is_generic: Mapped[bool] = field("Whether it is a generic by law 9.787/1999.", default=False)
    status: Mapped[ProductStatus] = field("Whether the medicine is sold.", default="active")
    created_at: Mapped[datetime] = field("When the row was made.", default=func.now())
    updated_at: Mapped[datetime] = field("When the row was last changed.", default=func.now())

    category: Mapped[Category | None] = one("The group of the catalogue.")
    manufacturer: Mapped[Supplier | None] = one("The laboratory.")
    inventory: Mapped[list[InventoryItem]] = many("Stock, a row a warehouse.")
    prices: Mapped[list[Price]] = many("Prices, per tier and period.")
    order_items: Mapped[list[OrderItem]] = many("Lines of orders with the medicine.")
    purchase_orders: Mapped[list[PurchaseOrder]] = many("What we ordered of the medicine.")
