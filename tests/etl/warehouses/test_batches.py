"""Long texts come in batches that Arrow can hold."""

from collections.abc import Iterator

import duckdb
import pytest

from etl.warehouses.duckdb.batches import PIECE_ROWS, gathered
from etl.warehouses.tables import DuckDBTables

MIB = 2**20


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


def test_rows_with_long_texts_are_read_whole(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema marts")
    connection.execute(f"create view marts.long as select i, repeat('x', {MIB}) as text from range(2100) r(i)")
    with DuckDBTables(connection).rows("marts.long", ["i", "text"]) as reader:
        sizes = [(batch.num_rows, batch.nbytes) for batch in reader]
    assert sum(rows for rows, _ in sizes) == 2100
    assert max(size for _, size in sizes) < 150 * MIB


def test_short_rows_come_many_at_a_time_and_in_order(connection: duckdb.DuckDBPyConnection) -> None:
    pieces = connection.sql("select i from range(10001) r(i) order by i").to_arrow_reader(PIECE_ROWS)
    found = list(gathered(pieces, 5000))
    assert [batch.num_rows >= 4900 for batch in found] == [True, True]
    assert [value for batch in found for value in batch.column("i").to_pylist()] == list(range(10001))


def test_no_rows_have_their_columns(connection: duckdb.DuckDBPyConnection) -> None:
    found = gathered(connection.sql("select 1 as i where false").to_arrow_reader(PIECE_ROWS), 10)
    assert found.read_all().to_pydict() == {"i": []}
