"""The sample as somebody sees it: visible rows, and those that links lead to."""

import base64
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from schema.entities import ENTITIES
from schema.model import Kind, Link, Model, ScalarField, describe
from tests.model.viewers import Sight, rows_of
from tests.rows import Row

GRAPH = describe(ENTITIES)


class Seen(Protocol):
    """What somebody sees of a data set."""

    def rows(self, model: Model) -> list[Row]:
        """Return the visible rows of an entity, in the order of keys."""
        ...

    def linked(self, link: Link, row: Row) -> list[Row]:
        """Return the visible rows that a link leads to."""
        ...

    def may_read(self, model: Model, row: Row) -> bool:
        """Tell whether a row may be read, and not only counted: chosen by its key, and by what is sensitive in it."""
        ...


@dataclass(frozen=True)
class World:
    """What somebody sees of the sample; where that is counted, `read` is what may be read of it."""

    sight: Sight
    read: Sight | None = None

    def rows(self, model: Model) -> list[Row]:
        """Return the visible rows of an entity, in the order of the sample, which is that of keys."""
        return rows_of(model.table.name, self.sight)

    def linked(self, link: Link, row: Row) -> list[Row]:
        """Return the visible rows that a link leads to."""
        start = row[link.local.name]
        if start is None:
            return []
        return [other for other in self.rows(GRAPH[link.target]) if other[link.remote.name] == start]

    def may_read(self, model: Model, row: Row) -> bool:
        """Tell whether a row may be read, and not only counted."""
        return self.read is None or row in rows_of(model.table.name, self.read)


def as_id(model: Model, row: Row) -> str:
    """Return a row's global id."""
    return base64.b64encode(f"{model.name}:{row['id']}".encode()).decode()


def as_json(field: ScalarField, value: Any) -> Any:
    """Return a field's value as a response has it."""
    if value is None:
        return None
    match field.kind:
        case Kind.WORD:
            return value.upper()
        case Kind.KEY:
            return str(value)
    return written(value)


def written(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        text = value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
        return f"{text}+00:00"
    if isinstance(value, dt.date):
        return value.strftime("%Y-%m-%d")
    return value


def row_as_json(model: Model, row: Row) -> dict[str, Any]:
    """Return all fields of a row as a response has them; `model` as somebody sees it."""
    fields = {
        field.name: _masked(field.name, row[field.column.name])
        if field.is_masked
        else as_json(field, row[field.column.name])
        for field in model.fields.values()
    }
    return {"id": as_id(model, row), **fields}


def _masked(name: str, value: str | None) -> str | None:
    """Return what is left of a value of the sample by those who see it masked."""
    if value is None:
        return None
    return {"cnpj": f"****{value[-4:]}", "phone": f"****{value[-4:]}", "email": "c****@farmacia.example"}[name]
