"""Orders: what pharmacies buy."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, Word, field, key, link, many, one
from security.rows import granted, owner, territory

if TYPE_CHECKING:
    from schema.entities.customer import Customer
    from schema.entities.interaction import Interaction
    from schema.entities.order_item import OrderItem


class OrderStatus(Word):
    """Where an order stands."""

    PENDING = "pending", "Received, not yet confirmed."
    CONFIRMED = "confirmed", "Accepted by Cienty."
    PROCESSING = "processing", "Being picked and packed."
    SHIPPED = "shipped", "Handed to the carrier."
    DELIVERED = "delivered", "Received by the pharmacy."
    CANCELLED = "cancelled", "Ended without delivery."


class PaymentStatus(Word):
    """Where the payment of an order stands."""

    PENDING = "pending", "Not yet paid."
    PAID = "paid", "Paid in full."
    REFUNDED = "refunded", "Paid back."
    FAILED = "failed", "Tried and refused."


class Order(
    Entity,
    rows=granted("orders:read") | owner("customer_id") | territory("customer.region"),
    writes=granted("orders:write") | owner("customer_id") | territory("customer.region"),
    cache=Cache(seconds=30),
    warehouse=Landing(partition="order_date", cluster=("customer_id",)),
):
    """A pharmacy's purchase."""

    __tablename__ = "orders"

    id: Mapped[int] = key()
    customer_id: Mapped[int] = link("customers.id")
    order_date: Mapped[datetime] = field("When the pharmacy ordered.", indexed=True)
    status: Mapped[OrderStatus] = field("Where the order stands.", default="pending")
    subtotal: Mapped[Decimal] = field("Sum of the lines before tax and freight, in BRL.", read="orders.amounts:read")
    tax: Mapped[Decimal] = field("Taxes on the lines, in BRL.", read="orders.amounts:read")
    shipping_cost: Mapped[Decimal] = field("Freight, in BRL.", read="orders.amounts:read")
    total: Mapped[Decimal] = field("What the pharmacy pays, in BRL.", read="orders.amounts:read")
    payment_method: Mapped[str | None] = field("How the pharmacy pays: `boleto`, `credit_card`, `pix`…")
    payment_status: Mapped[PaymentStatus] = field("Where the payment stands.", default="pending")
    shipping_address: Mapped[str | None] = field(
        "Where the order goes, if not to the pharmacy's own address.", read="orders.notes:read", pii=True
    )
    notes: Mapped[str | None] = field("Written by the sales desk.", read="orders.notes:read", pii=True)
    shipped_at: Mapped[datetime | None] = field("When the carrier took it.")
    delivered_at: Mapped[datetime | None] = field("When the pharmacy received it.")
    promised_at: Mapped[datetime | None] = field("When delivery was promised for.")
    created_at: Mapped[datetime] = field("When the row was made.", default=func.now())
    updated_at: Mapped[datetime] = field("When the row was last changed.", default=func.now())

    customer: Mapped[Customer | None] = one("Who ordered.")
    items: Mapped[list[OrderItem]] = many("What was ordered, a line each.")
    interactions: Mapped[list[Interaction]] = many("Contacts with the pharmacy about the order.")
