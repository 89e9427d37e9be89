"""The entities as the derivations see them: plain descriptions, and what of them a set of capabilities may see."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import RelationshipDirection, configure_mappers

from schema.entity import Cache, Entity, Field, Landing, Word
from schema.masks import Mask
from security.capabilities import Capabilities
from security.roles import is_sensitive
from security.rows import Never, RowRule

EXPLAIN = "access:explain"
"""The capability to be told what others are told, and why."""

QUALITY = "quality:read"
"""The capability to be told what the checks of the warehouse found."""


class Kind(Enum):
    """What sort of value a field holds; decides its GraphQL type, its filters and what may be done with it."""

    KEY = "BigInt"
    STRING = "String"
    INTEGER = "Int"
    DECIMAL = "Decimal"
    BOOLEAN = "Boolean"
    DATETIME = "DateTime"
    DATE = "Date"
    JSON = "JSON"
    WORD = "Word"

    @property
    def is_number(self) -> bool:
        """Tell whether values can be summed up."""
        return self in (Kind.INTEGER, Kind.DECIMAL)

    @property
    def is_ordered(self) -> bool:
        """Tell whether values have a least and a greatest that mean something."""
        return self.is_number or self in (Kind.DATETIME, Kind.DATE)


@dataclass(frozen=True)
class ScalarField:
    """A column that is part of the graph. `words` is the list of a `WORD` field.

    `mask` is what is shown of it to those who see it masked, and `is_masked` tells whether the viewer is one of them.
    """

    name: str
    column: sa.Column[Any]
    kind: Kind
    nullable: bool
    description: str
    read: str | None = None
    pii: bool = False
    words: type[Word] | None = None
    mask: Mask | None = None
    is_masked: bool = False

    def shown(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return what the viewer sees of the field, as an expression over its column."""
        return self.mask.shown(column) if self.mask is not None and self.is_masked else column

    def seen_by(self, capabilities: Capabilities) -> "ScalarField | None":
        """Return the field as a set of capabilities sees it: in full, masked, or not at all."""
        # Another reach is not enough: the field would show in all rows that the entity's own rule shows.
        if self.read is None or capabilities.has(self.read):
            return self
        if self.mask is None or not capabilities.masks(self.read):
            return None
        return replace(self, is_masked=True, description=f"{self.description} Masked: {self.mask.value}.")

    @property
    def is_sensitive(self) -> bool:
        """Tell whether it tells personal data, or a pharmacy's credit."""
        return self.read is not None and is_sensitive(self.read)

    @property
    def constant(self) -> str:
        """The field's name as a value of an enum."""
        return self.column.key.upper() if self.kind is not Kind.KEY else "DATABASE_ID"


@dataclass(frozen=True)
class Link:
    """A way from one entity to rows of another: those whose `remote` column equals the `local` one here."""

    name: str
    description: str
    target: str
    local: sa.Column[Any]
    remote: sa.Column[Any]
    many: bool
    nullable: bool


@dataclass(frozen=True)
class Model:
    """An entity, described. `target` of its links is the `name` of another model of the same `Graph`.

    `readable` and `countable` tell whether its rows may be read, and whether they may be counted and summed up;
    `counts_unseen` whether some may be counted that may not be read, which is told of groups of many only.
    """

    name: str
    singular: str
    plural: str
    description: str
    table: sa.Table
    rows: RowRule
    writes: RowRule | None
    cache: Cache | None
    landing: Landing | None
    fields: Mapping[str, ScalarField]
    links: Mapping[str, Link]
    readable: bool = True
    countable: bool = True
    counts_unseen: bool = False

    @property
    def key(self) -> sa.Column[Any]:
        """The primary key."""
        return next(iter(self.table.primary_key.columns))

    @property
    def comparable(self) -> Mapping[str, ScalarField]:
        """The fields that rows may be chosen, ordered and grouped by.

        A masked one would be told bit by bit, and by its key a row could be counted in and out that can't be read.
        """
        return {
            name: field
            for name, field in self.fields.items()
            if not field.is_masked and (self.readable or field.kind is not Kind.KEY)
        }

    @property
    def measured(self) -> Mapping[str, ScalarField]:
        """The fields that groups of rows tell of.

        What is sensitive is told of rows that may be read, and is none of the measures of those that are only counted:
        the difference between two large groups would tell it of one row.
        """
        return {name: field for name, field in self.fields.items() if not (self.counts_unseen and field.is_sensitive)}

    @property
    def to_one(self) -> Iterator[Link]:
        """Links to one row."""
        return (link for link in self.links.values() if not link.many)

    @property
    def to_many(self) -> Iterator[Link]:
        """Links to many rows."""
        return (link for link in self.links.values() if link.many)


@dataclass(frozen=True)
class Graph:
    """A set of entities whose links lead to each other.

    `explains` tells whether access may be explained by it, `has_quality` whether it has results of checks.
    """

    models: Mapping[str, Model]
    explains: bool = True
    has_quality: bool = True

    def __getitem__(self, name: str) -> Model:
        return self.models[name]

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def target(self, link: Link) -> Model:
        """Return the entity that a link leads to."""
        return self.models[link.target]

    def seen_by(self, capabilities: Capabilities) -> "Graph":
        """Return what exists for a set of capabilities: entities, fields and links that it may read.

        A link exists where its target may be read; from an entity that may only be counted, where its target may
        be counted too. Otherwise a filter through the link would tell of rows what may not be read of them.
        """
        # A scope may leave a reach that the entity's rule has no word for: that shows nothing and opens nothing.
        readable = {model.name for model in self if not isinstance(model.rows.condition(capabilities), Never)}
        countable = {model.name for model in self if not isinstance(model.rows.total(capabilities), Never)}

        def seen(model: Model) -> Model:
            targets = readable if model.name in readable else countable
            return replace(
                model,
                fields={n: seen for n, f in model.fields.items() if (seen := f.seen_by(capabilities))},
                links={n: link for n, link in model.links.items() if link.target in targets},
                readable=model.name in readable,
                countable=model.name in countable,
                counts_unseen=model.rows.counts_unseen(capabilities),
            )

        return Graph(
            {model.name: seen(model) for model in self if model.name in countable},
            explains=capabilities.has(EXPLAIN),
            has_quality=capabilities.has(QUALITY),
        )


def describe(entities: Iterable[type[Entity]]) -> Graph:
    """Return the graph of the declared entities."""
    configure_mappers()
    return Graph({entity.__name__: _model(entity) for entity in entities})


def camel(name: str) -> str:
    """Return a column's name as GraphQL writes it: `order_date` becomes `orderDate`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _model(entity: type[Entity]) -> Model:
    declaration = entity.__declaration__
    table = entity.__table__
    fields = [_field(column) for column in table.columns if not {"link", "policy"} & column.info.keys()]
    links = [_link(name, relation) for name, relation in entity.__mapper__.relationships.items()]
    return Model(
        name=entity.__name__,
        singular=declaration.singular,
        plural=declaration.plural,
        description=" ".join((entity.__doc__ or "").split()),
        table=table,
        rows=declaration.rows,
        writes=declaration.writes,
        cache=declaration.cache,
        landing=declaration.warehouse,
        fields={field.name: field for field in fields},
        links={link.name: link for link in links},
    )


def _field(column: sa.Column[Any]) -> ScalarField:
    said: Field = column.info.get("field", Field())
    if said.mask is not None and _kind(column) is not Kind.STRING:
        raise TypeError(f"{column}: mask= is for texts")
    return ScalarField(
        name="databaseId" if column.primary_key else camel(column.key),
        column=column,
        kind=_kind(column),
        nullable=bool(column.nullable),
        description=column.comment or "",
        read=said.read,
        pii=said.pii,
        words=column.info.get("words"),
        mask=said.mask,
    )


_KINDS: tuple[tuple[type[sa.types.TypeEngine[Any]], Kind], ...] = (
    (sa.BigInteger, Kind.KEY),
    (sa.Integer, Kind.INTEGER),
    (sa.Numeric, Kind.DECIMAL),
    (sa.Boolean, Kind.BOOLEAN),
    (sa.DateTime, Kind.DATETIME),
    (sa.Date, Kind.DATE),
    (JSONB, Kind.JSON),
    (sa.Text, Kind.STRING),
)


def _kind(column: sa.Column[Any]) -> Kind:
    if "words" in column.info:
        return Kind.WORD
    for sql_type, kind in _KINDS:
        if isinstance(column.type, sql_type):
            return kind
    raise TypeError(f"{column}: a field of SQL type {column.type} has no GraphQL type")


def _link(name: str, relation: Any) -> Link:
    [(local, remote)] = relation.local_remote_pairs
    target: type[Entity] = relation.mapper.class_
    many = relation.direction is RelationshipDirection.ONETOMANY
    return Link(
        name=camel(name),
        description=relation.info["description"],
        target=target.__name__,
        local=local,
        remote=remote,
        many=many,
        # The viewer may not see the other row, even where SQL says that there is one.
        nullable=not many and (bool(local.nullable) or target.__declaration__.rows.hides_rows),
    )
