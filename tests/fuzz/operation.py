"""Operations as trees, from which both the document and the answer that it must have are made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schema.model import Link, Model
from security.principal import Principal
from tests.rows import Row

Arguments = dict[str, Any]
Body = list["Part"]
Path = tuple[str, ...]


class Constant(str):
    """A value of an enum, which a document writes without quotes."""

    __slots__ = ()


@dataclass(frozen=True)
class Place:
    """A cursor that somebody was given, with the row that it stands for and the arguments it was given under."""

    model: Model
    coordinate: str
    cursor: str
    row: Row
    principal: Principal
    where: Any
    order_by: Any

    @property
    def given_under(self) -> tuple[str, Any, Any]:
        """What must be the same where the cursor is passed."""
        return self.coordinate, self.where, self.order_by


@dataclass(frozen=True)
class Leaf:
    """A field without fields of its own: `id`, `__typename`, or a column."""

    key: str
    name: str


@dataclass(frozen=True)
class ToOne:
    """A link to one row."""

    key: str
    link: Link
    body: Body


@dataclass(frozen=True)
class Page:
    """A page of rows: of all, or of those that a link leads to. `after` and `before` are `Place`s."""

    key: str
    name: str
    model: Model
    coordinate: str
    link: Link | None
    arguments: Arguments
    nodes: Body | None = None
    edges: Body | None = None
    has_info: bool = False
    has_total: bool = False


@dataclass(frozen=True)
class ById:
    """One row by its id."""

    key: str
    model: Model
    id: str
    body: Body


@dataclass(frozen=True)
class AnyById:
    """Rows of any types by their ids; of each type its own fields."""

    key: str
    ids: list[tuple[Model, Row | None, str]]
    is_list: bool
    bodies: Mapping[str, Body]


@dataclass(frozen=True)
class Groups:
    """Groups of rows. `node` is what is selected of the row that a group by `id` stands for."""

    key: str
    model: Model
    arguments: Arguments
    measures: Mapping[str, list[str]]
    node: Body | None = None


Part = Leaf | ToOne | Page
Root = Page | ById | AnyById | Groups
Named = tuple[str, ...]


@dataclass
class Asked:
    """An operation: its root fields, and everything that it names, each of which the asker must have a right to.

    `misuses_cursor` where a cursor is passed under other arguments, or to another field, than it was given under.
    """

    roots: list[Root] = field(default_factory=list)
    named: set[Named] = field(default_factory=set)
    places: list[Place] = field(default_factory=list)
    misuses_cursor: bool = False
    document: str = ""
    variables: Arguments = field(default_factory=dict)
