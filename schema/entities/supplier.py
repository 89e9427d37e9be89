"""Suppliers: laboratories and distributors."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func
from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, Word, field, key, many
from security.rows import granted

if TYPE_CHECKING:
    from schema.entities.product import Product
    from schema.entities.purchase_order import PurchaseOrder


class SupplierType(Word):
    """What a supplier does."""

    MANUFACTURER = "manufacturer", "Makes medicines: a laboratory."
    DISTRIBUTOR = "distributor", "Sells what others make."


class SupplierStatus(Word):
    """Whether we buy from a supplier."""

    ACTIVE = "active", "We buy from it."
    INACTIVE = "inactive", "We no longer buy from it."


class Supplier(Entity, rows=granted("catalog:read"), cache=Cache(seconds=600, public=True), warehouse=Landing()):
    """A laboratory or distributor that Cienty buys from."""

    __tablename__ = "suppliers"

    id: Mapped[int] = key()
    name: Mapped[str] = field("Registered name.")
    cnpj: Mapped[str] = field(
        "Number in the national register of companies, 14 characters without punctuation.", unique=True
    )
    type: Mapped[SupplierType] = field("What the supplier does.")
    contact_info: Mapped[dict[str, Any] | None] = field("Whom to reach and how.", read="suppliers:read", pii=True)
    payment_terms: Mapped[str | None] = field("Days to pay: `30d`.", read="suppliers:read")
    region: Mapped[str | None] = field("Region of Brazil.")
    status: Mapped[SupplierStatus] = field("Whether we buy from the supplier.", default="active")
    created_at: Mapped[datetime] = field("When the row was made.", default=func.now())
    updated_at: Mapped[datetime] = field("When the row was last changed.", default=func.now())

    products: Mapped[list[Product]] = many("Medicines that the supplier makes.")
    purchase_orders: Mapped[list[PurchaseOrder]] = many("What we ordered from the supplier.")
