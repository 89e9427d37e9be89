"""Categories: how the catalogue is ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped

from schema.entity import Cache, Entity, Landing, field, key, link, many, one
from security.rows import granted

if TYPE_CHECKING:
    from schema.entities.product import Product


class Category(
    Entity,
    rows=granted("catalog:read"),
    cache=Cache(seconds=3600, public=True),
    warehouse=Landing(),
    plural="categories",
):
    """A group of medicines, possibly within another."""

    __tablename__ = "categories"

    id: Mapped[int] = key()
    name: Mapped[str] = field("Name of the group.")
    parent_id: Mapped[int | None] = link("categories.id")

    parent: Mapped[Category | None] = one("The group that this one is within.", remote_side="Category.id")
    children: Mapped[list[Category]] = many("The groups within this one.")
    products: Mapped[list[Product]] = many("Medicines of the group.")
