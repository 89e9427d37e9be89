"""Order items: the lines of orders."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, field, key, link, one
from security.rows import granted, owner, territory

if TYPE_CHECKING:
    from schema.entities.order import Order
    from schema.entities.product import Product


class OrderItem(
    Entity,
    rows=granted("orders:read") | owner("order.customer_id") | territory("order.customer.region"),
    writes=granted("orders:write") | owner("order.customer_id") | territory("order.customer.region"),
    cache=Cache(seconds=30),
    warehouse=Landing(cluster=("product_id", "order_id")),
):
    """A line of an order: one medicine and how much of it."""

    __tablename__ = "order_items"

    id: Mapped[int] = key()
    order_id: Mapped[int] = link("orders.id")
    product_id: Mapped[int] = link("products.id")
    quantity: Mapped[int] = field("Packages ordered.")
    unit_price: Mapped[Decimal] = field("Price of a package, in BRL.", read="orders.amounts:read")
    discount: Mapped[Decimal] = field("Taken off the line, in BRL.", read="orders.amounts:read", default=0)
    tax: Mapped[Decimal] = field("Taxes on the line, in BRL.", read="orders.amounts:read", default=0)
    total: Mapped[Decimal] = field("What the line costs, in BRL.", read="orders.amounts:read")

    order: Mapped[Order | None] = one("The order that the line belongs to.")
    product: Mapped[Product] = one("The medicine.")
