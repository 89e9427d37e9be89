"""Making Strawberry types from descriptions instead of classes written by hand."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from types import GenericAlias
from typing import Any, cast

import strawberry
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import has_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info

from schema.resolution import Resolve

_OR_NONE = " | None"


class Types(dict[str, Any]):
    """The types of one schema by name; annotations are texts, which get their meaning when all types are made."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        super().__init__(given)
        self._pending: list[tuple[StrawberryField | StrawberryArgument, str]] = []

    def complete(self) -> None:
        """Give fields and arguments the types that their texts, such as `list[Order] | None`, mean.

        Strawberry could read the texts itself, but it parses them as Python, which two threads must not do at once:
        CPython 3.11 mixes up its syntax trees then.
        """
        for part, text in self._pending:
            part.type_annotation = StrawberryAnnotation(self._meaning(text))

    def _meaning(self, text: str) -> Any:
        if text.endswith(_OR_NONE):
            return self._meaning(text.removesuffix(_OR_NONE)) | None
        if text.startswith("list["):
            return GenericAlias(list, self._meaning(text.removeprefix("list[").removesuffix("]")))
        return self[text]

    def output(
        self, name: str, annotation: str, description: str, *, directives: Sequence[object] = ()
    ) -> StrawberryField:
        """Return a field that is read off its parent under the field's own name."""
        made = StrawberryField(
            python_name=name,
            graphql_name=name,
            type_annotation=_later(),
            description=description,
            directives=directives,
        )
        self._pending.append((made, annotation))
        return made

    def resolved(
        self,
        name: str,
        annotation: str,
        description: str,
        resolve: Resolve,
        *,
        arguments: Sequence[StrawberryArgument] = (),
        directives: Sequence[object] = (),
    ) -> StrawberryField:
        """Return a field that `resolve` answers."""
        made = ResolvedField(
            python_name=name,
            graphql_name=name,
            type_annotation=_later(),
            description=description,
            directives=directives,
        )
        self._pending.append((made, annotation))
        made.resolve = resolve
        made.arguments = list(arguments)
        return made

    def argument(
        self, name: str, annotation: str, description: str, *, graphql_name: str | None = None
    ) -> StrawberryArgument:
        """Return an argument; one whose annotation allows None may be left out.

        `graphql_name` is its name in the graph where `name`, under which it is resolved, is another.
        """
        made = StrawberryArgument(
            python_name=name,
            graphql_name=graphql_name or name,
            type_annotation=_later(),
            description=description,
            default=UNSET,
        )
        self._pending.append((made, annotation))
        return made

    def input_field(self, name: str, annotation: str, description: str, *, default: Any = UNSET) -> StrawberryField:
        """Return a field of an input type; one whose annotation allows None, or with a default, may be left out."""
        made = StrawberryField(
            # Some of the graph's words (`in`, `not`) are none that Python takes.
            python_name=name + "_",
            graphql_name=name,
            type_annotation=_later(),
            description=description,
            default=default,
        )
        self._pending.append((made, annotation))
        return made

    def add_object(
        self,
        name: str,
        description: str,
        fields: Iterable[StrawberryField],
        *,
        interfaces: tuple[type, ...] = (),
        directives: Sequence[object] = (),
    ) -> None:
        """Make an object type. Values need not be instances of it: resolvers give rows."""
        cls = _class(name, fields, interfaces, {"is_type_of": staticmethod(_any_value)})
        self[name] = strawberry.type(cls, name=name, description=description, directives=directives)

    def add_input(self, name: str, description: str, fields: Iterable[StrawberryField]) -> None:
        """Make an input type."""
        self[name] = strawberry.input(_class(name, fields, (), {}), name=name, description=description)

    def add_enum(self, name: str, description: str, values: Mapping[str, tuple[Any, str]]) -> None:
        """Make an enum from names with their inner values and descriptions."""
        members = {
            constant: strawberry.enum_value(value, description=text) for constant, (value, text) in values.items()
        }
        self[name] = strawberry.enum(cast("Any", Enum)(name, members), name=name, description=description)


class ResolvedField(StrawberryField):
    """A field answered by a function that gets the parent, the info and plain arguments."""

    resolve: Resolve

    @property
    def is_basic_field(self) -> bool:
        """Tell Strawberry that there is something to call."""
        return False

    @property
    def is_async(self) -> bool:
        """Tell Strawberry that the result may have to be awaited."""
        return True

    def get_result(self, source: Any, info: Info | None, args: list[Any], kwargs: Any) -> Any:  # noqa: ARG002  # theirs
        """Answer the field."""
        given = {name: plain(value) for name, value in kwargs.items() if value is not UNSET}
        return self.resolve(source, info, **given)


def plain(value: Any) -> Any:
    """Return an input as a client wrote it: dictionaries with the graph's names, and only what was given.

    Of an enum's value it is the inner value, which is what the database holds or what the graph names.
    """
    if isinstance(value, list):
        return [plain(item) for item in value]
    if has_object_definition(value):
        fields = value.__strawberry_definition__.fields
        given = ((field.graphql_name or "", getattr(value, field.python_name)) for field in fields)
        return {name: plain(item) for name, item in given if item is not UNSET}
    return value.value if isinstance(value, Enum) else value


def _class(
    name: str, fields: Iterable[StrawberryField], bases: tuple[type, ...], members: Mapping[str, Any]
) -> type[Any]:
    named = {field.python_name: field for field in fields}
    return type(name, bases, {"__annotations__": dict.fromkeys(named, Any), "__module__": __name__, **members, **named})


def _later() -> StrawberryAnnotation:
    """Return what stands in for a type until all types are made."""
    return StrawberryAnnotation(Any)


def _any_value(_value: Any, _info: Any) -> bool:
    return True
