"""Altering a published table as migrations do: out of the publication, altered, and published again, all at once."""

import pyarrow as pa

from etl.changes import TableShape
from etl.sources.publication import publish
from tests.etl.matrix.pair import SHAPE, Pair
from tests.etl.sources.recording import shape_of
from tests.etl.worker.working import Work
from tests.servers import wait_until


def shaped(*without: str, **columns: pa.DataType) -> TableShape:
    """Return the shape of `things` without some columns, and with others or other types."""
    kept = {column.name: column.type for column in SHAPE.columns if column.name not in without}
    return shape_of("things", **kept | columns)


def alter(pair: Pair, *statements: str) -> None:
    """Alter the table in one transaction, without a moment in which it is not published."""
    name = pair.source.publication
    with pair.connection.transaction():
        pair.run(f'alter publication "{name}" drop table things', *statements)
        publish(pair.connection, name, pair.shapes)


def deploy(pair: Pair, *shapes: TableShape) -> Work:
    """Start a worker whose declarations are others, and wait until it has copied what it lacks."""
    pair.stop()
    work = pair.start(*shapes)
    wait_until("all tables are whole", lambda: {one.table for one in shapes} <= set(work.warehouse.copied()))
    return work
