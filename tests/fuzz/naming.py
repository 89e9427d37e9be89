"""What the arguments of a page name: whoever repeats another's page must have a right to all of it."""

from collections.abc import Iterator

from schema.model import Model
from tests.fuzz.operation import Arguments, Named, Place
from tests.model.world import GRAPH


def named_again(model: Model, place: Place) -> Iterator[Named]:
    """Yield what the filter and the ordering of a cursor name."""
    constants = {field.constant: name for name, field in model.fields.items()}
    yield from (("compared", model.name, constants[step["field"]]) for step in place.order_by or ())
    yield from _named_by(model, place.where or {})


def _named_by(model: Model, where: Arguments) -> Iterator[Named]:
    for name, value in where.items():
        if name in ("and", "or", "not"):
            for part in [value] if name == "not" else value:
                yield from _named_by(model, part)
        elif name in model.links:
            link = model.links[name]
            yield ("link", model.name, link.target)
            for part in value.values() if link.many else [value]:
                yield from _named_by(GRAPH[link.target], part)
        elif name == "id":
            yield ("read", model.name)
        else:
            yield ("compared", model.name, name)
