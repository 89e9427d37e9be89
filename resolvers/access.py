"""What of the graph an operation tells: fields by their coordinates, and the rows whose personal data is among it."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLScalarType,
    GraphQLSchema,
    ObjectFieldNode,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    type_from_ast,
    visit,
)

from schema.model import Graph, Model, ScalarField

MARK = b"\x02"
"""Stands before and behind what tells of a row with personal data in a response; JSON has no such character."""

_MARKED = re.compile(rb"\x02([^\x02]*)\x02")


@dataclass(frozen=True)
class Coordinates:
    """What an operation names; made once for each document.

    `names` are fields of the graph, and inputs that compare rows (`CustomerFilter.cnpj`); `personal` those of them
    with personal data. `hidden` finds such inputs in variables.
    """

    kind: str
    document: str
    names: tuple[str, ...]
    personal: tuple[str, ...]
    hidden: re.Pattern[bytes] | None

    @cached_property
    def joined(self) -> str:
        """The names in one text."""
        return " ".join(self.names)

    @cached_property
    def personal_types(self) -> frozenset[str]:
        """The types of the fields with personal data."""
        return frozenset(name.partition(".")[0] for name in self.personal)

    @cached_property
    def names_none(self) -> bool:
        """Whether no personal data can be named, whatever the variables."""
        return not self.personal and self.hidden is None

    @cached_property
    def plain(self) -> "Access":
        """What an answer tells that has no personal data in it."""
        return Access(self, ())

    def personal_with(self, variables: Mapping[str, Any] | None) -> tuple[str, ...]:
        """Return what of it is personal data, inputs in variables included."""
        if self.hidden is None or not variables:
            return self.personal
        # Not orjson, which takes no halves of surrogate pairs.
        text = json.dumps(variables, separators=(",", ":"), default=str).encode()
        found = {match.decode().strip('":') for match in self.hidden.findall(text)}
        return (*self.personal, *(f"${name}" for name in sorted(found))) if found else self.personal


class Access(NamedTuple):
    """What an answer tells: `subjects` are the rows with personal data in it, as `Customer:14`."""

    coordinates: Coordinates
    personal: tuple[str, ...]
    subjects: tuple[str, ...] = ()

    @property
    def is_sensitive(self) -> bool:
        """Tell whether there is personal data in it, or rows were chosen by such."""
        return bool(self.personal)


def unmarked(body: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return a response without its marks, and the rows that they tell of."""
    if MARK not in body:
        return body, ()
    rows = dict.fromkeys(_MARKED.findall(body))
    return _MARKED.sub(b"", body), tuple(row.decode() for row in rows)


def coordinates_of(
    digest: str, document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema, graph: Graph
) -> Coordinates:
    """Return what an operation names; `digest` is that of its document, `graph` is as its principal sees it."""
    info = TypeInfo(schema)
    found = _Names(info)
    for definition in document.definitions:
        if definition is operation or isinstance(definition, FragmentDefinitionNode):
            visit(definition, TypeInfoVisitor(info, found))
    personal = {name for model in graph for name in _personal(model)}
    return Coordinates(
        kind=operation.operation.value,
        document=digest,
        names=tuple(sorted(found.names)),
        personal=tuple(sorted(found.names & personal)),
        hidden=_pattern(graph) if _has_inputs(operation, schema) else None,
    )


def _has_inputs(operation: OperationDefinitionNode, schema: GraphQLSchema) -> bool:
    """Tell whether a variable may name fields; values of scalars name none."""
    types = (type_from_ast(schema, definition.type) for definition in operation.variable_definitions or ())
    return any(not isinstance(get_named_type(one), GraphQLScalarType) for one in types)


class _Names(Visitor):
    """Collects the fields and inputs that a document names."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info
        self.names: set[str] = set()

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        parent = self._info.get_parent_type()
        if parent is not None and not node.name.value.startswith("__"):
            self.names.add(f"{parent.name}.{node.name.value}")

    def enter_object_field(self, node: ObjectFieldNode, *_: Any) -> None:
        parent = get_named_type(self._info.get_parent_input_type())
        if parent is not None:
            self.names.add(f"{parent.name}.{node.name.value}")

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> None:
        type_ = get_named_type(self._info.get_input_type())
        if type_ is not None:
            self.names.add(f"{type_.name}.{node.value}")


def _personal(model: Model) -> Iterable[str]:
    """Yield what names personal data of an entity: fields, and the inputs and keys of groups that compare by them."""
    for field in _fields(model):
        yield f"{model.name}.{field.name}"
        yield f"{model.name}Filter.{field.name}"
        yield f"{model.name}GroupKey.{field.name}"
        yield f"{model.name}OrderField.{field.constant}"
        yield f"{model.name}GroupField.{field.constant}"


def _fields(model: Model) -> Iterable[ScalarField]:
    return (field for field in model.fields.values() if field.pii)


def _pattern(graph: Graph) -> re.Pattern[bytes] | None:
    names = {
        name for model in graph for field in _fields(model) for name in (f'"{field.name}":', f'"{field.constant}"')
    }
    return re.compile("|".join(sorted(names)).encode()) if names else None
