"""Inputs that choose rows: filters and orderings."""

from collections.abc import Iterator

from strawberry.types.field import StrawberryField

from schema.derive.types import Types
from schema.entity import Word
from schema.model import Graph, Kind, Link, Model, ScalarField

_OPERATORS: dict[str, str] = {
    "eq": "Equal to the value.",
    "ne": "Not equal to the value; matches rows without a value too.",
    "in": "Equal to one of the values; matches nothing where the list is empty.",
    "notIn": "Equal to none of the values; matches rows without a value too.",
    "lt": "Less than the value.",
    "lte": "Less than or equal to the value.",
    "gt": "Greater than the value.",
    "gte": "Greater than or equal to the value.",
    "contains": "Has the text somewhere in it, in capitals or not.",
    "startsWith": "Begins with the text, in capitals or not.",
    "endsWith": "Ends with the text, in capitals or not.",
    "isNull": "Whether there is no value.",
}
_EQUALITY = ("eq", "ne", "in", "notIn")
_RANGE = ("lt", "lte", "gt", "gte")
_TEXT = ("contains", "startsWith", "endsWith")

_OPERATORS_OF: dict[Kind, tuple[str, ...]] = {
    Kind.KEY: (*_EQUALITY, *_RANGE),
    Kind.STRING: (*_EQUALITY, *_TEXT, "isNull"),
    Kind.INTEGER: (*_EQUALITY, *_RANGE, "isNull"),
    Kind.DECIMAL: (*_EQUALITY, *_RANGE, "isNull"),
    Kind.BOOLEAN: ("eq", "ne", "isNull"),
    Kind.DATETIME: (*_EQUALITY, *_RANGE, "isNull"),
    Kind.DATE: (*_EQUALITY, *_RANGE, "isNull"),
    Kind.JSON: ("isNull",),
    Kind.WORD: (*_EQUALITY, "isNull"),
}

ANNOTATIONS: dict[Kind, str] = {
    Kind.KEY: "BigInt",
    Kind.STRING: "str",
    Kind.INTEGER: "int",
    Kind.DECIMAL: "Decimal",
    Kind.BOOLEAN: "bool",
    Kind.DATETIME: "datetime",
    Kind.DATE: "date",
    Kind.JSON: "JSON",
}


def annotation_of(field: ScalarField) -> str:
    """Return the annotation of a field's values."""
    return field.words.__name__ if field.words else ANNOTATIONS[field.kind]


def add_inputs(types: Types, graph: Graph) -> None:
    """Add the inputs that choose rows of each entity, and the words that they use."""
    types.add_enum(
        "SortDirection",
        "Which way an ordering goes. Rows without a value come last in `ASC` and first in `DESC`.",
        {"ASC": ("asc", "From the least to the greatest."), "DESC": ("desc", "From the greatest to the least.")},
    )
    for words in _words(graph):
        _add_words(types, words)
        _add_operators(types, f"{words.__name__}Filter", words.__name__, Kind.WORD)
    for kind, annotation in ANNOTATIONS.items():
        _add_operators(types, f"{kind.value}Filter", annotation, kind)
    types.add_input(
        "IDFilter",
        "Conditions on an id; all that are given must hold.",
        [
            types.input_field("eq", "ID | None", _OPERATORS["eq"]),
            types.input_field("in", "list[ID] | None", _OPERATORS["in"]),
        ],
    )
    for model in graph:
        _add_filter(types, model)
        if any(link.many for link in links_to(graph, model)):
            _add_list_filter(types, model)
        if model.readable:
            _add_ordering(types, model)


def orderable(model: Model) -> list[ScalarField]:
    """Return the fields that rows can be ordered by."""
    return [field for field in model.comparable.values() if field.kind is not Kind.JSON]


def links_to(graph: Graph, model: Model) -> Iterator[Link]:
    """Return the links that lead to an entity."""
    return (link for other in graph for link in other.links.values() if link.target == model.name)


def _words(graph: Graph) -> list[type[Word]]:
    found = {field.words for model in graph for field in model.fields.values() if field.words}
    return sorted(found, key=lambda words: words.__name__)


def _add_words(types: Types, words: type[Word]) -> None:
    values = {word.name: (word.value, word.description) for word in words}
    types.add_enum(words.__name__, " ".join((words.__doc__ or "").split()), values)


def _add_operators(types: Types, name: str, annotation: str, kind: Kind) -> None:
    def operand(operator: str) -> str:
        if operator == "isNull":
            return "bool | None"
        return f"list[{annotation}] | None" if operator in ("in", "notIn") else f"{annotation} | None"

    fields = [types.input_field(word, operand(word), _OPERATORS[word]) for word in _OPERATORS_OF[kind]]
    types.add_input(name, "Conditions on a value; all that are given must hold.", fields)


def _add_filter(types: Types, model: Model) -> None:
    own = f"{model.name}Filter"
    fields: list[StrawberryField] = [
        types.input_field("and", f"list[{own}] | None", "All of these hold."),
        types.input_field("or", f"list[{own}] | None", "One of these holds; nothing matches where the list is empty."),
        types.input_field("not", f"{own} | None", "This does not hold."),
    ]
    if model.readable:
        fields.append(types.input_field("id", "IDFilter | None", "On the global id."))
    for field in model.comparable.values():
        kind = f"{field.words.__name__ if field.words else field.kind.value}Filter"
        fields.append(types.input_field(field.name, f"{kind} | None", field.description))
    for link in model.links.values():
        kind = f"{link.target}ListFilter" if link.many else f"{link.target}Filter"
        fields.append(types.input_field(link.name, f"{kind} | None", link.description))
    types.add_input(own, f"Conditions on a row of `{model.name}`; all that are given must hold.", fields)


def _add_list_filter(types: Types, model: Model) -> None:
    inner = f"{model.name}Filter | None"
    types.add_input(
        f"{model.name}ListFilter",
        f"Conditions on linked rows of `{model.name}`, of those the caller may see; all that are given must hold.",
        [
            types.input_field("some", inner, "At least one row is like this."),
            types.input_field("every", inner, "All rows are like this; holds where there is no row."),
            types.input_field("none", inner, "No row is like this."),
        ],
    )


def _add_ordering(types: Types, model: Model) -> None:
    fields = orderable(model)
    types.add_enum(
        f"{model.name}OrderField",
        f"What rows of `{model.name}` can be ordered by.",
        {field.constant: (field.name, field.description) for field in fields},
    )
    types.add_input(
        f"{model.name}OrderBy",
        f"One step of an ordering of rows of `{model.name}`; rows that are equal in all steps are ordered by key.",
        [
            types.input_field("field", f"{model.name}OrderField", "What to order by."),
            types.input_field("direction", "SortDirection", "Which way.", default=types["SortDirection"].ASC),
        ],
    )
