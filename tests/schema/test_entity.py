"""The vocabulary refuses a declaration that leaves out what others rely on, and says what to add."""

import enum
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Mapped

from schema.entities import ENTITIES
from schema.entities.order import Order, OrderStatus
from schema.entity import Entity, Word, field, key, link
from schema.model import describe
from security.rows import granted, owner

# Each declares in a place of its own: nothing of these tests is left in the tables of the project.


def without_rows() -> type:
    class WithoutRows(Entity):
        """A sample."""

        __tablename__ = "samples"
        metadata = sa.MetaData()

        id: Mapped[int] = key()

    return WithoutRows


def without_docstring() -> type:
    class WithoutDocstring(Entity, rows=granted("catalog:read")):
        __tablename__ = "samples"
        metadata = sa.MetaData()

        id: Mapped[int] = key()

    return WithoutDocstring


def with_words_without_docstring() -> type:
    class Colour(Word):
        RED = "red", "Red."

    return Colour


def with_words_of_another_kind() -> type:
    class Colour(enum.StrEnum):
        RED = "red"

    class OfAnotherKind(Entity, rows=granted("catalog:read")):
        """A sample."""

        __tablename__ = "samples"
        metadata = sa.MetaData()

        id: Mapped[int] = key()
        colour: Mapped[Colour] = field("Its colour.")

    return OfAnotherKind


def with_words_of_another_name() -> type:
    class Colour(Word):
        """Colours."""

        RED = "rouge", "Red."

    class OfAnotherName(Entity, rows=granted("catalog:read")):
        """A sample."""

        __tablename__ = "samples"
        metadata = sa.MetaData()

        id: Mapped[int] = key()
        colour: Mapped[Colour] = field("Its colour.")

    return OfAnotherName


def with_rows_of_two_capabilities() -> type:
    class OfTwoCapabilities(Entity, rows=granted("catalog:read") | granted("orders:read")):
        """A sample."""

        __tablename__ = "samples"
        metadata = sa.MetaData()

        id: Mapped[int] = key()

    return OfTwoCapabilities


def with_writes_by_reading() -> type:
    class ReadToWrite(Entity, rows=granted("catalog:read"), writes=granted("catalog:read")):
        """A sample."""

    return ReadToWrite


def with_rows_by_writing() -> type:
    class WrittenToRead(Entity, rows=granted("catalog:write")):
        """A sample."""

    return WrittenToRead


def with_rows_of_a_column_that_is_not_there() -> type:
    class OfNoColumn(Entity, rows=granted("catalog:read") | owner("custmer_id")):
        """A sample."""

        __tablename__ = "samples"
        metadata = sa.MetaData()

        id: Mapped[int] = key()
        customer_id: Mapped[int] = link("customers.id")

    return OfNoColumn


def with_rows_without_capability() -> type:
    class OfNoCapability(Entity, rows=owner("customer_id")):
        """A sample."""

        __tablename__ = "samples"
        metadata = sa.MetaData()

        id: Mapped[int] = key()
        customer_id: Mapped[int] = link("customers.id")

    return OfNoCapability


_ONE_CAPABILITY = "a row rule names one capability with granted(…), this one names"


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (without_rows, "WithoutRows declares no rows=: say who sees what, e.g. rows=granted('area:read')"),
        (without_docstring, "WithoutDocstring has no docstring: it is the description that clients read"),
        (with_words_without_docstring, "Colour has no docstring: say what the words tell"),
        (with_words_of_another_kind, "samples.colour: declare Colour as a Word, its words have descriptions"),
        (with_words_of_another_name, "Colour: a word's name is its value in capitals"),
        (
            with_rows_of_two_capabilities,
            f"OfTwoCapabilities: {_ONE_CAPABILITY} ['catalog:read', 'orders:read']",
        ),
        (
            with_rows_without_capability,
            f"OfNoCapability: {_ONE_CAPABILITY} []",
        ),
        (
            with_rows_of_a_column_that_is_not_there,
            "samples: a rule compares custmer_id, which is no column of the table",
        ),
        (
            with_writes_by_reading,
            "ReadToWrite: writes= names catalog:read, which is none to write: write granted('area:write')",
        ),
        (
            with_rows_by_writing,
            "WrittenToRead: rows= names catalog:write, which is none to read: write granted('area:read')",
        ),
    ],
)
def test_what_is_missing_is_told(declare: Callable[[], type], message: str) -> None:
    with pytest.raises(TypeError) as refused:
        declare()
    assert str(refused.value) == message


def test_a_field_needs_a_description() -> None:
    with pytest.raises(TypeError, match="description"):
        field()  # type: ignore[call-arg]  # that is what is tested


def test_a_word_needs_a_description() -> None:
    with pytest.raises(TypeError, match="description"):

        class Colour(Word):
            """Colours."""

            RED = "red"


def test_a_type_that_the_graph_has_not_is_told() -> None:
    class OfAnotherType(Entity, rows=granted("catalog:read")):
        """A sample."""

        __tablename__ = "samples"
        metadata = sa.MetaData()
        type_annotation_map: ClassVar[Mapping[Any, Any]] = {bytes: sa.LargeBinary()}

        id: Mapped[int] = key()
        picture: Mapped[bytes] = field("A picture.")

    with pytest.raises(TypeError, match=r"samples.picture: a field of SQL type BYTEA|BLOB has no GraphQL type"):
        describe([OfAnotherType])


def test_annotations_become_columns() -> None:
    table = Order.metadata.tables["orders"]
    dialect = sa.make_url("postgresql://").get_dialect()()
    types = {column.name: column.type.compile(dialect) for column in table.columns}
    assert types["id"] == types["customer_id"] == "BIGINT"
    assert types["total"] == "NUMERIC(14, 2)"
    assert types["order_date"] == "TIMESTAMP WITH TIME ZONE"
    assert types["status"] == types["notes"] == "TEXT"
    assert [name for name, column in table.c.items() if column.nullable and "policy" not in column.info] == [
        "payment_method",
        "shipping_address",
        "notes",
        "shipped_at",
        "delivered_at",
        "promised_at",
    ]
    assert table.comment == Order.__doc__
    assert table.c["total"].comment == "What the pharmacy pays, in BRL."


def test_words_are_text_with_a_check() -> None:
    [check] = (
        str(constraint.sqltext.compile(compile_kwargs={"literal_binds": True}))
        for constraint in Order.metadata.tables["orders"].constraints
        if isinstance(constraint, sa.CheckConstraint) and constraint.name == "orders_status_check"
    )
    assert check == f"orders.status IN ({', '.join(repr(word.value) for word in OrderStatus)})"
    assert OrderStatus.SHIPPED.description == "Handed to the carrier."


def test_links_are_indexed_with_the_key() -> None:
    for entity in ENTITIES:
        table = entity.metadata.tables[entity.__tablename__]
        indexed = {tuple(column.name for column in index.columns) for index in table.indexes}
        for column in table.columns:
            if "link" in column.info:
                assert (column.name, "id") in indexed, column


def test_names_of_roots_follow_the_class_unless_they_are_given() -> None:
    names = {entity.__name__: (entity.__declaration__.singular, entity.__declaration__.plural) for entity in ENTITIES}
    assert names["OrderItem"] == ("orderItem", "orderItems")
    assert names["Category"] == ("category", "categories")
    assert names["InventoryItem"] == ("inventory", "inventoryItems")


def test_defaults_are_the_databases() -> None:
    class OfDefaults(Entity, rows=granted("catalog:read")):
        """A sample."""

        __tablename__ = "samples"
        metadata = sa.MetaData()

        id: Mapped[int] = key()
        flag: Mapped[bool] = field("A flag.", default=False)
        number: Mapped[int] = field("A number.", default=3)
        amount: Mapped[Decimal] = field("An amount.", default=Decimal("1.50"))
        text: Mapped[str] = field("A text.", default="it's")
        moment: Mapped[datetime] = field("A moment.", default=sa.func.now())
        plain: Mapped[str | None] = field("Without a default.")

    defaults = {column.name: column.server_default for column in OfDefaults.__table__.columns}
    written = {name: str(default.arg) for name, default in defaults.items() if isinstance(default, sa.DefaultClause)}
    assert written == {
        "flag": "false",
        "number": "3",
        "amount": "1.50",
        "text": "'it''s'",
        "moment": "now()",
    }
