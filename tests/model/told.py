"""Which groups somebody is told of who may count rows that they may not read."""

from collections.abc import Callable

from schema.model import Model
from tests.model.groups import size
from tests.model.viewers import Viewer, rows_of
from tests.model.world import World
from tests.rows import Row

LEAST = 5
"""Pharmacies, or rows of what belongs to none; as the engine of the tests has it."""


def told_to(viewer: Viewer, model: Model) -> Callable[[list[Row]], bool]:
    """Return what tells whether a group of rows is told to a viewer; `model` as the viewer sees it."""
    counted, readable = World(viewer.counts), rows_of(model.table.name, viewer.sees)
    if counted.rows(model) == readable:
        return lambda _: True

    def is_told(rows: list[Row]) -> bool:
        return size(counted, model, rows) >= LEAST or (bool(rows) and all(row in readable for row in rows))

    return is_told
