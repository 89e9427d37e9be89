"""Customer tiers: what sets a pharmacy's prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, Word, field, key, many
from security.rows import granted

if TYPE_CHECKING:
    from schema.entities.customer import Customer
    from schema.entities.price import Price


class TierName(Word):
    """The tiers, from the lowest to the highest."""

    BRONZE = "bronze", "The tier of new pharmacies."
    SILVER = "silver", "Second tier."
    GOLD = "gold", "Third tier."
    PLATINUM = "platinum", "The highest tier."


class CustomerTier(Entity, rows=granted("catalog:read"), cache=Cache(seconds=3600, public=True), warehouse=Landing()):
    """A class of pharmacies that pay the same prices."""

    __tablename__ = "customer_tiers"

    id: Mapped[int] = key()
    name: Mapped[TierName] = field("Name of the tier.", unique=True)

    customers: Mapped[list[Customer]] = many("Pharmacies of the tier.")
    prices: Mapped[list[Price]] = many("Prices made for the tier.")
