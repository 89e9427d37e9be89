"""A table of the source is partitioned: what changes in its partitions is a change of the table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.etl.matrix.pair import Pair

PARTITIONED = """
create table things (
    id bigint, n integer not null, amount numeric(14,2), at timestamptz, day date, note text, primary key (id, n)
) partition by range (n);
create table things_low partition of things for values from (minvalue) to (10);
create table things_high partition of things for values from (10) to (maxvalue);
insert into things (id, n, note) values (1, 1, 'low'), (2, 20, 'high');
"""


@pytest.fixture
def pair(empty_database: str, tmp_path: Path) -> Iterator[Pair]:
    made = Pair(empty_database, tmp_path, PARTITIONED)
    yield made
    made.close()


def test_changes_of_partitions_come_as_changes_of_the_table(pair: Pair) -> None:
    pair.start()
    pair.in_step()
    pair.run(
        "insert into things (id, n, note) values (3, 3, 'new')",
        "update things set note = 'changed' where id = 1",
        "update things set n = 5 where id = 2",
        "delete from things where id = 1",
    )
    pair.in_step()
    assert not pair.work or not pair.work.rows("select 1 from raw.asked")
    pair.run("truncate things", "insert into things (id, n) values (9, 9)")
    pair.in_step()
