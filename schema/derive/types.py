"""Making Strawberry types from descriptions instead of classes written by hand."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, cast

import strawberry
from strawberry import UNSET
from strawberry.annotation import StrawberryAnnotation
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.base import has_object_definition
from strawberry.types.field import StrawberryField
from strawberry.types.info import Info

from schema.resolution import Resolve


class Types(dict[str, Any]):
    """The types of one schema by name; annotations are texts that are looked up here when all are made."""

    def annotation(self, text: str) -> StrawberryAnnotation:
        """Return the annotation that a text such as `list[Order] | None` means."""
        return StrawberryAnnotation(text, namespace=self)

    def output(
        self, name: str, annotation: str, description: str, *, directives: Sequence[object] = ()
    ) -> StrawberryField:
        """Return a field that is read off its parent under the field's own name."""
        return StrawberryField(
            python_name=name,
            graphql_name=name,
            type_annotation=self.annotation(annotation),
            description=description,
            directives=directives,
        )

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
            type_annotation=self.annotation(annotation),
            description=description,
            directives=directives,
        )
        made.resolve = resolve
        made.arguments = list(arguments)
        return made

    def argument(self, name: str, annotation: str, description: str, *, graphql_name: str) -> StrawberryArgument:
        """Return an argument; one whose annotation allows None may be left out."""
        return StrawberryArgument(
            python_name=name,
            graphql_name=graphql_name,
            type_annotation=self.annotation(annotation),
            description=description,
            default=UNSET,
        )

    def input_field(self, name: str, annotation: str, description: str, *, default: Any = UNSET) -> StrawberryField:
        """Return a field of an input type; one whose annotation allows None, or with a default, may be left out."""
        return StrawberryField(
            # Some of the graph's words (`in`, `not`) are none that Python takes.
            python_name=name + "_",
            graphql_name=name,
            type_annotation=self.annotation(annotation),
            description=description,
            default=default,
        )

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
        made = list(fields)
        annotations = [field.type_annotation for field in made]
        cls = _class(name, made, interfaces, {"is_type_of": staticmethod(_any_value)})
        self[name] = strawberry.type(cls, name=name, description=description, directives=directives)
        _annotate(made, annotations)

    def add_input(self, name: str, description: str, fields: Iterable[StrawberryField]) -> None:
        """Make an input type."""
        made = list(fields)
        annotations = [field.type_annotation for field in made]
        self[name] = strawberry.input(_class(name, made, (), {}), name=name, description=description)
        _annotate(made, annotations)

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


def _annotate(fields: Iterable[StrawberryField], annotations: Iterable[StrawberryAnnotation | None]) -> None:
    """Give fields their annotations back: making a dataclass replaced them by those of its class."""
    for field, annotation in zip(fields, annotations, strict=True):
        field.type_annotation = annotation


def _any_value(_value: Any, _info: Any) -> bool:
    return True
