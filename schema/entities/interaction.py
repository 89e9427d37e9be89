"""Interactions: contacts with customers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func
from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, Word, field, key, link, one
from security.rows import granted, owner, territory

if TYPE_CHECKING:
    from schema.entities.customer import Customer
    from schema.entities.order import Order


class InteractionChannel(Word):
    """How a contact came about."""

    WHATSAPP = "whatsapp", "WhatsApp."
    EMAIL = "email", "E-mail."
    PHONE = "phone", "Telephone."
    WEB = "web", "The shop's own page."


class InteractionType(Word):
    """What a contact is about."""

    INQUIRY = "inquiry", "A question."
    COMPLAINT = "complaint", "Something went wrong."
    ORDER = "order", "An order given or changed."
    SUPPORT = "support", "Help with using our service."


class AgentType(Word):
    """Who answered a contact."""

    HUMAN = "human", "A person."
    AI = "ai", "A program."


class Interaction(
    Entity,
    rows=granted("interactions:read") | owner("customer_id") | territory("customer.region"),
    cache=Cache(seconds=30),
    warehouse=Landing(partition="interaction_date", cluster=("customer_id",)),
):
    """A contact with a pharmacy: a question, a complaint, an order or a request for help."""

    __tablename__ = "customer_interactions"

    id: Mapped[int] = key()
    customer_id: Mapped[int] = link("customers.id")
    order_id: Mapped[int | None] = link("orders.id")
    interaction_date: Mapped[datetime] = field("When it took place.", indexed=True)
    channel: Mapped[InteractionChannel] = field("How the contact came about.")
    type: Mapped[InteractionType] = field("What it was about.")
    subject: Mapped[str | None] = field("Its title.", read="interactions.messages:read", pii=True)
    message: Mapped[str | None] = field("What the customer wrote.", read="interactions.messages:read", pii=True)
    resolved: Mapped[bool] = field("Whether it is settled.", default=False)
    resolution_time_minutes: Mapped[int | None] = field("Minutes until it was settled.")
    agent_type: Mapped[AgentType | None] = field("Who answered.")
    created_at: Mapped[datetime] = field("When the row was made.", default=func.now())

    customer: Mapped[Customer | None] = one("With whom.")
    order: Mapped[Order | None] = one("The order that it was about.")
