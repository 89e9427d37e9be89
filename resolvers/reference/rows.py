"""Rows as the reference path passes them from field to field."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from resolvers.sql.scope import Source
from schema.derive.objects import TYPE_NAME
from schema.global_id import global_id
from schema.model import Model

Row = dict[str, Any]
"""Values by the graph's names, `__typename`, the global `id`, and the columns of links by their own names."""


def selected(model: Model, source: Source) -> list[sa.Label[Any]]:
    """Return the columns that a row is made of: those that the principal may read, and those of links."""
    fields = [field.shown(source.c[field.column.key]).label(field.name) for field in model.fields.values()]
    locals_of_links = {link.local.key for link in model.links.values()} - {model.key.key}
    return [*fields, *(source.c[name].label(name) for name in sorted(locals_of_links))]


def row_of(model: Model, record: Mapping[str, Any]) -> Row:
    """Return a row made from a record of the selected columns."""
    row = dict(record)
    row[TYPE_NAME] = model.name
    row["id"] = global_id(model.name, row["databaseId"])
    return row


def value_of_link(model: Model, column: sa.Column[Any], row: Row) -> Any:
    """Return a row's value in the column that a link starts from."""
    return row["databaseId"] if column.key == model.key.key else row[column.key]
