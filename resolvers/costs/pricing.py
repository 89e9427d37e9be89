"""The price of an operation: its fields, merged as they will be, each with its weight and the lengths above it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from resolvers.costs.introspection import check_introspection
from resolvers.costs.price import UNSAID, Factor, Flag, Groups, Length, Price, Sum
from resolvers.costs.weights import list_size, own_weight, weight_of_value

_INTROSPECTION = 100
"""What `__schema` and `__type` cost, whatever is asked of them."""

_AGAIN = 1
"""What a value costs that is asked for once more, under another name: else one long text could be had 200 times.

It is not given back where fewer rows are found: what is counted in an answer are its objects, and it is none.
"""

Factors = tuple[Factor, ...]


@dataclass
class _Merged:
    """The fields of a selection that stand under one key; `flags` are the conditions where there is only one."""

    parent: GraphQLNamedType
    nodes: list[FieldNode] = field(default_factory=list)
    flags: Factors = ()


def price_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, *, max_page_size: int
) -> Price:
    """Return the price of a valid operation; `max_page_size` is what execution holds each list to.

    Raise `TooExpensive` where it asks for too much by introspection, which has no lengths that a client could choose.
    """
    walk = _Walk(schema, document, max_page_size)
    root = schema.get_root_type(operation.operation)
    if root is not None:
        walk.add([operation.selection_set], root, 1, (), {})
    if walk.introspecting:
        check_introspection(schema, walk.fields, walk.introspecting)
    return Price(walk.rows, walk.work)


class _Walk:
    def __init__(self, schema: GraphQLSchema, document: DocumentNode, max_page_size: int) -> None:
        self.rows = Sum()
        self.work = Sum()
        self.introspecting: list[FieldNode] = []
        self._schema = schema
        self._document = document
        self._most = max_page_size

    @cached_property
    def _fragments(self) -> dict[str, FragmentDefinitionNode]:
        nodes = self._document.definitions
        return {node.name.value: node for node in nodes if isinstance(node, FragmentDefinitionNode)}

    def add(
        self,
        selections: Iterable[SelectionSetNode],
        parent: GraphQLNamedType,
        times: int,
        factors: Factors,
        sized: dict[str, "int | Factor"],
    ) -> None:
        """Add the fields selected of a value that is there `times` by all `factors` times.

        `sized` has the lengths of those fields whose parent says how long they are.
        """
        merged: dict[tuple[str, str], _Merged] = {}
        for selection in selections:
            for on, node, flags in self._fields(selection, parent, ()):
                key = (on.name, node.alias.value if node.alias else node.name.value)
                one = merged.setdefault(key, _Merged(on, flags=flags))
                one.flags = one.flags if not one.nodes else ()
                one.nodes.append(node)
        told: set[tuple[str, str]] = set()
        for (on_type, _), one in merged.items():
            node, under = one.nodes[0], (*factors, *one.flags)
            known = (on_type, node.name.value)
            if known in told and node.selection_set is None:
                self.work.add(_AGAIN * times, under)
            told.add(known)
            self._add_field(one, times, under, sized)

    def _add_field(self, one: _Merged, times: int, factors: Factors, sized: dict[str, "int | Factor"]) -> None:
        name = one.nodes[0].name.value
        if name.startswith("__"):
            if name != "__typename":
                self.work.add(_INTROSPECTION * times, factors)
                self.introspecting += one.nodes
            return
        declared = cast("dict[str, GraphQLField]", getattr(one.parent, "fields", {}))[name]
        self.work.add(own_weight(declared) * times, factors)
        length = self._length(declared, one.nodes[0])
        names = size.sized_fields if (size := list_size(declared)) else []
        if length is not None and not names:
            times, factors = _multiplied(times, factors, length)
        elif name in sized:
            times, factors = _multiplied(times, factors, sized[name])
        self.rows.add(weight_of_value(declared) * times, factors)
        below = [node.selection_set for node in one.nodes if node.selection_set]
        if below:
            lengths = {} if length is None else dict.fromkeys(names, length)
            self.add(below, get_named_type(declared.type), times, factors, lengths)

    def _length(self, declared: GraphQLField, node: FieldNode) -> "int | Factor | None":
        size = list_size(declared)
        if size is None:
            return None
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        otherwise = _groups(given.get("groupBy"), self._most) if "groupBy" in declared.args else size.assumed_size
        values = [given[name] for name in size.slicing_arguments if name in given]
        least = max((_said(value) for value in values), default=UNSAID)
        names = tuple(value.name.value for value in values if isinstance(value, VariableNode))
        if names:
            return Length(names, least, otherwise, self._most)
        return otherwise if least == UNSAID else min(least, self._most)

    def fields(
        self, selection: SelectionSetNode, parent: GraphQLNamedType
    ) -> Iterator[tuple[GraphQLNamedType, FieldNode]]:
        """Give the fields of a selection and its fragments, whatever their conditions, with the types they are of."""
        return ((on, node) for on, node, _ in self._fields(selection, parent, ()))

    def _fields(
        self, selection: SelectionSetNode, parent: GraphQLNamedType, flags: Factors
    ) -> Iterator[tuple[GraphQLNamedType, FieldNode, Factors]]:
        """Give the fields of a selection and its fragments: the type that they are of, and their conditions."""
        for node in selection.selections:
            conditions = _conditions(node)
            if conditions is None:
                continue
            under = (*flags, *conditions)
            if isinstance(node, FieldNode):
                yield parent, node, under
                continue
            fragment = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            inner = cast("InlineFragmentNode", fragment)
            on = self._schema.get_type(inner.type_condition.name.value) if inner.type_condition else None
            yield from self._fields(inner.selection_set, on or parent, under)


def _conditions(node: SelectionNode) -> Factors | None:
    """Return the conditions of a selection that hang on variables; None where it is left out whatever they are."""
    found: list[Factor] = []
    for directive in node.directives or ():
        name = directive.name.value
        if name not in {"skip", "include"} or not directive.arguments:
            continue
        wanted, value = name == "include", directive.arguments[0].value
        if isinstance(value, VariableNode):
            found.append(Flag(value.name.value, wanted))
        elif isinstance(value, BooleanValueNode) and value.value is not wanted:
            return None
    return tuple(found)


def _groups(value: ValueNode | None, most: int) -> "int | Factor":
    """Return how many groups there are at the most, by what is said of how to group."""
    if isinstance(value, VariableNode):
        return Groups(value.name.value, most)
    if value is None or isinstance(value, NullValueNode) or (isinstance(value, ListValueNode) and not value.values):
        return 1
    return most


def _said(value: ValueNode) -> int:
    """Return the length that a literal says; `UNSAID` for one that says nothing."""
    if isinstance(value, IntValueNode):
        return max(int(value.value), 0)
    if isinstance(value, ListValueNode):
        return len(value.values)
    return UNSAID if isinstance(value, NullValueNode | VariableNode) else 1


def _multiplied(times: int, factors: Factors, length: "int | Factor") -> tuple[int, Factors]:
    return (times * length, factors) if isinstance(length, int) else (times, (*factors, length))
