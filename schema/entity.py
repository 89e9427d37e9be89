"""The vocabulary in which an entity is declared; everything else about the entity is derived from that.

An entity is one class in one file of `schema/entities`::

    class Order(Entity, rows=granted("orders:read") | owner("customer_id")):
        \"\"\"A pharmacy's purchase.\"\"\"

        __tablename__ = "orders"

        id: Mapped[int] = key()
        customer_id: Mapped[int] = link("customers.id")
        status: Mapped[OrderStatus] = field("Where the order stands.")
        total: Mapped[Decimal] = field("What the pharmacy pays, in BRL.", read="orders.amounts:read")

        customer: Mapped[Customer | None] = one("Who ordered.")
        items: Mapped[list[OrderItem]] = many("What was ordered.")

The types of columns follow the annotations: `int` is an integer, `Decimal` an amount of money, `datetime` a point in
time, a `Word` a closed list of words, `dict` a JSON object. Columns of links are not part of the graph; links are.
"""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column, relationship

from schema.masks import Mask
from security.rows import Claim, RowRule

MONEY = sa.Numeric(14, 2)

_NAMES = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}

KEPT = sa.MetaData(naming_convention=_NAMES)
"""Tables that the gateway keeps for itself and entities only read: an entity names it as its `metadata`.

Migrations make them, with columns that no entity declares; files neither fill nor replace them.
"""


class Word(enum.StrEnum):
    """A closed list of words, each with its description: `PENDING = "pending", "Received."`.

    The database holds the value and clients see the name, which is the value in capitals.
    """

    description: str

    def __new__(cls, value: str, description: str) -> Self:
        """Make the word with its description, which is not optional."""
        word = str.__new__(cls, value)
        word._value_ = value
        word.description = description
        return word

    def __init_subclass__(cls) -> None:
        """Refuse a list without its own description."""
        super().__init_subclass__()
        if not cls.__doc__:
            raise TypeError(f"{cls.__name__} has no docstring: say what the words tell")


@dataclass(frozen=True)
class Field:
    """What a declaration says of a column beyond its SQL type.

    `read` is the capability that the column needs beside the entity's own; `pii` marks personal data. `mask` is what
    those see who have the capability with the reach `masked` only. `indexed` columns are ones that rows are often
    ordered by.
    """

    read: str | None = None
    pii: bool = False
    mask: Mask | None = None
    indexed: bool = False


@dataclass(frozen=True)
class Cache:
    """How long an answer with the entity in it may be kept, in seconds, and whether others may be given it."""

    seconds: int
    public: bool = False


@dataclass(frozen=True)
class Landing:
    """How the entity lands in the warehouse: the column whose day partitions it, and those that order it within."""

    partition: str | None = None
    cluster: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """What an entity's class line says: who sees and writes which rows, its names, how its data is kept elsewhere.

    Without `writes` nobody writes.
    """

    rows: RowRule
    writes: RowRule | None
    cache: Cache | None
    warehouse: Landing | None
    singular: str
    plural: str


class Entity(DeclarativeBase):
    """Base of every entity. A class without `rows=` does not import: nothing is readable until it is granted."""

    metadata = sa.MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[Mapping[Any, Any]] = {
        str: sa.Text(),
        int: sa.Integer(),
        bool: sa.Boolean(),
        Decimal: MONEY,
        dt.datetime: sa.DateTime(timezone=True),
        dt.date: sa.Date(),
        dict[str, Any]: JSONB(),
    }

    __table__: ClassVar[sa.Table]
    __declaration__: ClassVar[Declaration]

    def __init_subclass__(
        cls,
        *,
        rows: RowRule | None = None,
        writes: RowRule | None = None,
        cache: Cache | None = None,
        warehouse: Landing | None = None,
        singular: str | None = None,
        plural: str | None = None,
    ) -> None:
        """Take the words of the declaration and complete the table from them.

        `singular` and `plural` name the root fields where the class's name does not.
        """
        if rows is None:
            raise TypeError(f"{cls.__name__} declares no rows=: say who sees what, e.g. rows=granted('area:read')")
        if not cls.__doc__:
            raise TypeError(f"{cls.__name__} has no docstring: it is the description that clients read")
        _check_capability(cls.__name__, "rows", rows, "read")
        if writes is not None:
            _check_capability(cls.__name__, "writes", writes, "write")
        name = singular or cls.__name__[0].lower() + cls.__name__[1:]
        cls.__declaration__ = Declaration(rows, writes, cache, warehouse, name, plural or name + "s")
        super().__init_subclass__()
        _complete(cls.__table__, cls.__doc__)
        rules = rows if writes is None else rows | writes
        _add_policy_columns(cls.__table__, rules)


def key() -> MappedColumn[Any]:
    """The primary key: a bigint that the database numbers."""
    return mapped_column(
        sa.BigInteger,
        sa.Identity(always=False),
        primary_key=True,
        comment="Number of the row, unique within its table.",
        sort_order=-1,
    )


def field(
    description: str,
    *,
    read: str | None = None,
    pii: bool = False,
    mask: Mask | None = None,
    unique: bool = False,
    indexed: bool = False,
    default: Any = None,
) -> MappedColumn[Any]:
    """A column, with the text that every reader of it sees.

    `mask` is what is shown of a text to whoever has the `read` capability with the reach `masked`; without one the
    field does not exist for them. An `indexed` one has an index for rows in its order. `default` is what the database
    fills in: a value, or an SQL expression such as `func.now()`.
    """
    if mask is not None and read is None:
        raise TypeError(f"mask= needs read=: {mask.name} is shown to those who have that capability masked")
    server_default = default if default is None or isinstance(default, sa.ColumnElement) else _literal(default)
    return mapped_column(
        comment=description,
        unique=unique or None,
        server_default=server_default,
        info={"field": Field(read=read, pii=pii, mask=mask, indexed=indexed)},
    )


def link(target: str) -> MappedColumn[Any]:
    """A column that holds the key of another entity's row: `link("customers.id")`; its index comes with it."""
    return mapped_column(sa.BigInteger, sa.ForeignKey(target), info={"link": target})


def one(description: str, **join: Any) -> Any:
    """The row that a link column of this entity points to; `join` as SQLAlchemy's `relationship` takes it."""
    return relationship(viewonly=True, lazy="raise", info={"description": description}, **join)


def many(description: str, **join: Any) -> Any:
    """The rows whose link column points to this entity; `join` as SQLAlchemy's `relationship` takes it."""
    return relationship(viewonly=True, lazy="raise", info={"description": description}, **join)


def _literal(value: Any) -> sa.TextClause:
    """Return a value as the text of a column default."""
    if isinstance(value, bool):
        return sa.text("true" if value else "false")
    if isinstance(value, int | Decimal):
        return sa.text(str(value))
    quoted = str(value).replace("'", "''")
    return sa.text(f"'{quoted}'")


def _complete(table: sa.Table, description: str) -> None:
    """Add what follows from the declaration: comment, checks of words, an index for each link."""
    table.comment = " ".join(description.split())
    for column in table.columns:
        if isinstance(column.type, sa.Enum) and column.type.enum_class is not None:
            _hold_words(table, column, cast("type[Word]", column.type.enum_class))
        if column.info.get("field", Field()).indexed:
            sa.Index(None, column, *table.primary_key.columns)
        if "link" in column.info:
            column.comment = f"Key of the row in {column.info['link'].split('.')[0]}."
            sa.Index(None, column, *table.primary_key.columns)


def policy_column(path: str) -> str:
    """Return the name of the column by which a row policy compares with what a path leads to."""
    return path if "." not in path else f"policy_{path.replace('.', '_')}"


def _check_capability(entity: str, word: str, rule: RowRule, verb: str) -> None:
    """Refuse a rule that names no one capability, or one for something else."""
    try:
        capability = rule.capability
    except TypeError as error:
        raise TypeError(f"{entity}: {error}") from error
    if not capability.endswith(f":{verb}"):
        raise TypeError(f"{entity}: {word}= names {capability}, which is none to {verb}: write granted('area:{verb}')")


def _add_policy_columns(table: sa.Table, rules: RowRule) -> None:
    """Add a copy of each value that rules reach through a parent; triggers keep it, clients never see it."""
    for compare in rules.comparisons:
        if "." not in compare.path:
            if compare.path not in table.columns:
                raise TypeError(f"{table.name}: a rule compares {compare.path}, which is no column of the table")
            continue
        if policy_column(compare.path) in table.columns:
            continue
        is_region = compare.claim is Claim.REGIONS
        column = sa.Column(
            policy_column(compare.path),
            sa.Text() if is_region else sa.BigInteger(),
            info={"policy": compare.path},
            comment=f"Copy of {compare.path} for row policies, kept by triggers.",
        )
        table.append_column(column)
        if not is_region:
            # A pharmacy's own rows are few among many; a region's are not.
            sa.Index(None, column, *table.primary_key.columns)


def _hold_words(table: sa.Table, column: sa.Column[Any], words: type[Word]) -> None:
    """Keep words as text with a check: adding a word is then a quick migration, and files hold what tables hold."""
    if not issubclass(words, Word):
        raise TypeError(f"{table.name}.{column.name}: declare {words.__name__} as a Word, its words have descriptions")
    if any(word.name != word.value.upper() for word in words):
        raise TypeError(f"{words.__name__}: a word's name is its value in capitals")
    column.type = sa.Text()
    column.info["words"] = words
    table.append_constraint(sa.CheckConstraint(column.in_([word.value for word in words]), name=column.name))
