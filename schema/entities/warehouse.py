"""Warehouses: Cienty's distribution centres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, field, key, many
from security.rows import assigned, granted

if TYPE_CHECKING:
    from schema.entities.inventory_item import InventoryItem
    from schema.entities.purchase_order import PurchaseOrder


class Warehouse(
    Entity,
    rows=granted("inventory:read") & assigned("id"),
    cache=Cache(seconds=3600),
    warehouse=Landing(),
):
    """A distribution centre of Cienty."""

    __tablename__ = "warehouses"

    id: Mapped[int] = key()
    name: Mapped[str] = field("Name of the centre.")
    city: Mapped[str | None] = field("City.")
    state: Mapped[str | None] = field("State, by its two letters: `SP`.")

    inventory: Mapped[list[InventoryItem]] = many("Stock, a row a medicine.")
    purchase_orders: Mapped[list[PurchaseOrder]] = many("What we ordered for the centre.")
