"""Arguments with slots: what of an operation's variables shapes its statement, and what is bound at each run.

The keys of inputs, the words of orderings and groupings, booleans and missing values decide what the SQL is; they are
the *shape* of the variables. All other values are left out as slots, so that one statement serves them all.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import sqlalchemy as sa
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
)

from resolvers.sql.binding import Read, SqlType
from resolvers.sql.scope import claim_value
from security.principal import Principal
from security.rows import Claim


@dataclass(frozen=True)
class Slot:
    """A value of the variables: the name of one, then keys into it."""

    path: tuple[str | int, ...]


Shape = Hashable


def slotted(value: Any, type_: GraphQLInputType, path: tuple[str | int, ...], words: Collection[str]) -> Any:
    """Return a coerced value with slots in it; `words` are the enums whose values are values of columns."""
    if value is None:
        return None
    match type_:
        case GraphQLNonNull():
            return slotted(value, type_.of_type, path, words)
        case GraphQLList() if _has_shape(type_.of_type, words):
            return [slotted(item, type_.of_type, (*path, at), words) for at, item in enumerate(value)]
        case GraphQLInputObjectType():
            return {name: slotted(item, type_.fields[name].type, (*path, name), words) for name, item in value.items()}
    return value if _has_shape(type_, words) else Slot(path)


class Shapes:
    """Tells the shapes of coerced values; what a type says of them is read once. Equal shapes make equal statements."""

    def __init__(self, words: Collection[str]) -> None:
        """Know the enums whose values are values of columns."""
        self._words = words
        self._of_objects: dict[str, Callable[[Any], Shape]] = {}

    def of(self, type_: GraphQLInputType) -> Callable[[Any], Shape]:
        """Return what tells the shape of a value of the type."""
        match type_:
            case GraphQLNonNull():
                return self.of(type_.of_type)
            case GraphQLList() if _has_shape(type_.of_type, self._words):
                of_item = self.of(type_.of_type)
                return lambda value: None if value is None else tuple([of_item(item) for item in value])
            case GraphQLInputObjectType():
                # Types of inputs lead to themselves: those within are looked at when a value comes.
                return self._of_objects.setdefault(type_.name, partial(self._of_object, type_, {}))
        if _has_shape(type_, self._words):
            return lambda value: value
        return lambda value: None if value is None else "·"

    def _of_object(
        self, type_: GraphQLInputObjectType, known: dict[str, Callable[[Any], Shape]], value: Mapping[str, Any] | None
    ) -> Shape:
        if value is None:
            return None
        for name in value:
            if name not in known:
                known[name] = self.of(type_.fields[name].type)
        return tuple([(name, known[name](item)) for name, item in value.items()])


def _has_shape(type_: GraphQLInputType, words: Collection[str]) -> bool:
    match type_:
        case GraphQLNonNull() | GraphQLList():
            return _has_shape(type_.of_type, words)
        case GraphQLEnumType():
            return type_.name not in words
        case GraphQLScalarType():
            return type_.name == "Boolean"
    return True


_PLAIN = frozenset({str, int, bool, type(None)})


def plain(value: Any) -> Any:
    """Return coerced arguments with the inner values of enums."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.value if isinstance(value, Enum) and not isinstance(value, Claim) else value


def is_open(operand: Any) -> bool:
    """Tell whether an operand has a value only when a statement is run."""
    if isinstance(operand, list):
        return any(is_open(item) for item in operand)
    if isinstance(operand, dict):
        return any(is_open(item) for item in operand.values())
    return isinstance(operand, Slot | Claim | Place | Rows)


@dataclass(frozen=True)
class Place:
    """A value of an opened cursor: which cursor of the statement, and which value of it."""

    cursor: int
    step: int


@dataclass(frozen=True)
class Rows:
    """The size of a page that a run asks for: which of the statement's, and how many rows beyond it."""

    size: int
    beyond: int


def filled(operand: Any, variables: Mapping[str, Any]) -> Any:
    """Return an operand with the values of the variables in its slots."""
    if isinstance(operand, Slot):
        value: Any = variables
        for key in operand.path:
            value = value[key]
        return plain(value)
    if isinstance(operand, list):
        return [filled(item, variables) for item in operand]
    if isinstance(operand, dict):
        return {name: filled(item, variables) for name, item in operand.items()}
    return operand


def reader(operand: Any) -> Callable[[Mapping[str, Any]], Any]:
    """Return what reads an operand that is no enum's value, most often one variable, from the variables."""
    if isinstance(operand, Slot) and len(operand.path) == 1:
        return itemgetter(operand.path[0])
    return partial(filled, operand)


Supply = Callable[["Inputs"], Any]
"""Gives the value of a parameter at a run."""


class Supplied(NamedTuple):
    """What a run of an operation is given: coerced variables, and the principal, whose claims are bound."""

    variables: Mapping[str, Any]
    principal: Principal


class Inputs(NamedTuple):
    """What a run of a statement is given: what its operation was, the cursors that it opened, and sizes of pages."""

    supplied: Supplied
    cursors: list[list[Any]]
    sizes: list[int]

    @property
    def variables(self) -> Mapping[str, Any]:
        """The coerced variables."""
        return self.supplied.variables


class Parameters:
    """Binds operands: those with slots when the statement runs, the others now."""

    def __init__(self) -> None:
        self.supplies: dict[str, Supply] = {}

    def __call__(self, operand: Any, sql_type: SqlType, read: Read = lambda given: given) -> sa.BindParameter[Any]:
        """Return a parameter."""
        if not is_open(operand):
            return sa.bindparam(None, read(operand), type_=sql_type)
        name = f"open_{len(self.supplies)}"
        self.supplies[name] = _supply(operand, read)
        return sa.bindparam(name, type_=sql_type, required=True)


def _supply(operand: Any, read: Read) -> Supply:
    if isinstance(operand, Claim):
        return lambda inputs: claim_value(inputs.supplied.principal, operand)
    if isinstance(operand, Place):
        return lambda inputs: inputs.cursors[operand.cursor][operand.step]
    if isinstance(operand, Rows):
        return lambda inputs: inputs.sizes[operand.size] + operand.beyond
    if isinstance(operand, Slot) and len(operand.path) == 1:
        name = str(operand.path[0])
        return lambda inputs: read(plain(inputs.supplied.variables[name]))
    return lambda inputs: read(filled(operand, inputs.supplied.variables))
