"""Random operations over the whole graph: documents with fragments, aliases and directives, and their variables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import (
    GraphQLBoolean,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_nullable_type,
    print_ast,
)
from graphql.utilities import value_to_literal
from hypothesis import strategies as st

from schema.model import Link, Model
from tests.operations import Choices, Given, orderings, orders_of_groups

T = TypeVar("T")
Draw = Callable[[st.SearchStrategy[T]], T]

_DEPTH = 3
_LEFT = (
    "__typename",
    "rateLimit { limit }",
    "__schema { queryType { name } }",
    '__type(name: "OrderStatus") { name enumValues { name } }',
    '... { __typename again: __type(name: "Order") { kind } }',
)
"""Root fields that are answered without rows; graphql-core answers most of them."""
_PAGE_INFO = ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor", "__typename")
_PLACE = object()
"""Stands for a cursor, which only an answer can give."""
_BOOLEAN = GraphQLNonNull(GraphQLBoolean)
_PAGES: tuple[Given, ...] = ({}, {"first": 1}, {"first": 3}, {"first": 200}, {"last": 2}, {"last": 200})


@dataclass(frozen=True)
class Document:
    """An operation as a client would send it."""

    text: str
    variables: Given
    statements: int
    """The most that the compiled path may take: one for each root field, of `nodes` one for each type."""
    places: dict[str, str]
    """Variables that take a cursor, each with the key of the connections that it must be of."""


@dataclass
class _Writer:
    """Writes one document; each argument is a literal or a variable, as it is drawn."""

    draw: Any
    schema: GraphQLSchema
    choices: Choices
    variables: Given = field(default_factory=dict)
    definitions: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    statements: int = 0
    places: dict[str, str] = field(default_factory=dict)

    def document(self) -> Document:
        roots = self._several(self._root, most=3)
        body = "{ " + " ".join(roots) + " }"
        head = f"query ({', '.join(self.definitions)}) " if self.definitions else ""
        text = "\n".join([head + body, *self.fragments])
        return Document(text, self.variables, self.statements, self.places)

    # Fields.

    def _root(self) -> str:
        if not self.draw(st.integers(0, 7)):
            return self._decorated(self.draw(st.sampled_from(_LEFT)))
        models = list(self.choices.graph)
        model = self.draw(st.sampled_from(models))
        kinds = [self._groups] if not model.readable else [*[self._rows] * 4, self._row, self._groups, self._node]
        written: str = self.draw(st.sampled_from(kinds))(model)
        self.statements += 1
        return written

    def _node(self, model: Model) -> str:
        readable = [model, *(other for other in self.choices.graph if other.readable)]
        on = self.draw(st.lists(st.sampled_from(readable), min_size=1, max_size=3, unique_by=lambda one: one.name))
        parts = [f"... on {one.name} {self._object(one, 1)}" for one in on]
        selection = "{ __typename id " + " ".join(parts) + " }"
        if self.draw(st.booleans()):
            return self._field("Query", "node", {"id": self.draw(self._ids(model))}, selection)
        ids = self.draw(st.lists(st.one_of([self._ids(one) for one in (model, *on)]), max_size=8))
        self.statements += len(readable)
        return self._field("Query", "nodes", {"ids": ids}, selection)

    def _ids(self, model: Model) -> st.SearchStrategy[str]:
        return self.choices.operands.ids(model)

    def _row(self, model: Model) -> str:
        arguments = {"id": self.draw(self._ids(model))}
        return self._field("Query", model.singular, arguments, self._object(model, _DEPTH))

    def _rows(self, model: Model) -> str:
        page = self._page(model)
        return self._field("Query", model.plural, page, self._connection(model, page, _DEPTH))

    def _groups(self, model: Model) -> str:
        groupings = self.draw(self.choices.groupings(model.name, most=2))
        arguments = {
            "where": self.draw(self.choices.filters(model.name, 1)),
            "groupBy": groupings,
            "orderBy": self.draw(orders_of_groups(model)),
        }
        selected = ["count", "__typename"]
        numbers = [f.name for f in model.measured.values() if f.kind.is_number]
        ordered = [f.name for f in model.measured.values() if f.kind.is_ordered]
        for measure, fields in (("sum", numbers), ("avg", numbers), ("min", ordered), ("max", ordered)):
            if fields:
                selected.append(f"{measure} {{ {' '.join(fields)} __typename }}")
        selected += [f"key {{ {self._key(model, given)} }}" for given in groupings]
        body = "{ " + " ".join(selected) + " }"
        return self._field("Query", f"{model.plural}Aggregate", {k: v for k, v in arguments.items() if v}, body)

    def _key(self, model: Model, given: Given) -> str:
        names = [name for name in given if name != "by"]
        if names[0] != "field":
            link = model.links[names[0]]
            return f"{link.name} {{ {self._key(self.choices.graph.target(link), given[link.name])} }}"
        if given["field"] == "ID":
            node = f" node {self._object(model, 1)}" if model.readable else ""
            return f"id{node}"
        return next(f.name for f in model.fields.values() if f.constant == given["field"])

    def _object(self, model: Model, depth: int) -> str:
        names = ["id", "__typename", *model.fields]

        def scalar() -> str:
            return self._decorated(self._field(model.name, self.draw(st.sampled_from(names)), {}, ""))

        def link() -> str:
            return self._decorated(self._link(model, self.draw(st.sampled_from(list(model.links.values()))), depth))

        parts = [scalar, scalar, lambda: " ".join(names), lambda: self._fragment(model, depth)]
        if depth and model.links:
            parts += [link, link]

        def part() -> str:
            written: str = self.draw(st.sampled_from(parts))()
            return written

        return "{ " + " ".join(self._several(part, most=4)) + " }"

    def _link(self, model: Model, link: Link, depth: int) -> str:
        target = self.choices.graph.target(link)
        if link.many:
            page = self._page(target)
            return self._field(model.name, link.name, page, self._connection(target, page, depth - 1))
        return self._field(model.name, link.name, {}, self._object(target, depth - 1))

    def _connection(self, model: Model, page: Given, depth: int) -> str:
        parts: dict[str, Callable[[], str]] = {
            "nodes": lambda: f"nodes {self._object(model, depth)}",
            "edges": lambda: f"edges {self._edge(model, depth)}",
            "pageInfo": lambda: f"pageInfo {self._some_of(_PAGE_INFO)}",
            "more": lambda: f"more: pageInfo {self._some_of(_PAGE_INFO)}",
            "totalCount": lambda: "totalCount",
            "typename": lambda: "__typename",
        }
        names = self.draw(st.lists(st.sampled_from(list(parts)), min_size=1, max_size=4, unique=True))
        # A page that takes a cursor tells of some, to be asked for with one.
        cursors = ["edges { place: cursor }"] if _PLACE in page.values() else []
        return "{ " + " ".join([*(parts[name]() for name in names), *cursors]) + " }"

    def _edge(self, model: Model, depth: int) -> str:
        parts = self._some_of(("__typename", "cursor", "node", "place: cursor"))
        return parts.replace(" node ", f" node {self._object(model, depth)} ") if " node " in parts else parts

    def _some_of(self, names: Sequence[str]) -> str:
        chosen = self.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        return "{ " + " ".join(chosen) + " }"

    def _fragment(self, model: Model, depth: int) -> str:
        on = self.draw(st.sampled_from([model.name, "Node", None]))
        inner = "{ id __typename }" if on == "Node" else self._object(model, depth - 1 if depth else 0)
        if on is not None and self.draw(st.booleans()):
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {on} {inner}")
            return self._decorated(f"...{name}")
        return f"... on {on} {inner}" if on else f"... {self._directive()} {inner}"

    # Parts of fields.

    def _page(self, model: Model) -> Given:
        arguments: Given = dict(self.draw(st.sampled_from(_PAGES)))
        if self.draw(st.integers(0, 2)):
            arguments["where"] = self.draw(self.choices.filters(model.name, 1))
        if self.draw(st.integers(0, 4)):
            arguments["orderBy"] = self.draw(orderings(model, 2, 1))
        return arguments | {name: _PLACE for name in ("after", "before") if not self.draw(st.integers(0, 2))}

    def _field(self, parent: str, name: str, arguments: Given, selection: str) -> str:
        # An alias for each set of arguments: fields that differ in them must not merge.
        alias = f"a{len(self.definitions)}_{self.draw(st.integers(0, 10**6))}: " if arguments else self._alias(name)
        written = [
            f"{key}: {self._place(alias) if value is _PLACE else self._value(parent, name, key, value)}"
            for key, value in arguments.items()
        ]
        given = f"({', '.join(written)})" if written else ""
        return f"{alias}{name}{given} {selection}".strip()

    def _alias(self, name: str) -> str:
        return f"{name}_{self.draw(st.integers(0, 1))}: " if self.draw(st.booleans()) else ""

    def _place(self, alias: str) -> str:
        name = f"place{len(self.places)}"
        self.places[name] = alias.removesuffix(": ")
        self.definitions.append(f"${name}: String")
        return f"${name}"

    def _value(self, parent: str, name: str, key: str, value: Any) -> str:
        owner = self.schema.type_map[parent]
        assert isinstance(owner, GraphQLObjectType)
        type_ = owner.fields[name].args[key].type
        return self._variable(type_, value) if self.draw(st.booleans()) else self._written(value, type_)

    def _written(self, value: Any, type_: GraphQLInputType) -> str:
        """Return a value as a literal, in which parts may be variables."""
        match get_nullable_type(type_):
            case GraphQLInputObjectType() as inputs:
                parts = [f"{name}: {self._part(item, inputs.fields[name].type)}" for name, item in value.items()]
                return "{" + ", ".join(parts) + "}"
            case GraphQLList() as items if isinstance(value, list):
                return "[" + ", ".join(self._part(item, items.of_type) for item in value) + "]"
        return _literal(value, type_)

    def _part(self, value: Any, type_: GraphQLInputType) -> str:
        return self._written(value, type_) if self.draw(st.integers(0, 4)) else self._variable(type_, value)

    def _variable(self, type_: GraphQLInputType, value: Any) -> str:
        """Return a new variable that has the value: given, or by default."""
        name = f"v{len(self.definitions)}"
        if self.draw(st.integers(0, 3)):
            self.variables[name] = value
            self.definitions.append(f"${name}: {type_}")
        else:
            self.definitions.append(f"${name}: {type_} = {_literal(value, type_)}")
        return f"${name}"

    def _decorated(self, written: str) -> str:
        return written if "{" in written or self.draw(st.integers(0, 3)) else f"{written} {self._directive()}"

    def _directive(self) -> str:
        name, value = self.draw(st.sampled_from(("skip", "include"))), self.draw(st.booleans())
        condition = self._variable(_BOOLEAN, value) if self.draw(st.booleans()) else str(value).lower()
        return f"@{name}(if: {condition})"

    def _several(self, write: Callable[[], str], *, most: int) -> list[str]:
        return [write() for _ in range(self.draw(st.integers(1, most)))]


def _literal(value: Any, type_: GraphQLInputType) -> str:
    literal = value_to_literal(value, type_)
    assert literal is not None
    return print_ast(literal)


def documents(schema: GraphQLSchema, choices: Choices) -> st.SearchStrategy[Document]:
    """Return random operations that are valid for a schema, or nearly always are."""

    @st.composite
    def write(draw: Any) -> Document:
        return _Writer(draw, schema, choices).document()

    return write()
