"""The publication brought in step with what lands."""

import psycopg

from etl.sources.publication import source_columns
from etl.worker.publishing import bring_in_step
from tests.etl.worker.working import SHAPES

LANDING = [shape for shape in SHAPES if shape.table in {"categories", "pricing"}]


def asked(connection: psycopg.Connection) -> list[str]:
    return [table for (table,) in connection.execute("select about from gateway_command order by id").fetchall()]


def test_a_table_that_the_source_has_no_more_is_not_asked_for_again_and_again(migrated_database: str) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        copied = {shape.table: source_columns(connection, shape) for shape in LANDING}
        assert list(bring_in_step(connection, "some", LANDING, copied)) == ["categories", "pricing", "gateway_command"]
        connection.execute("drop table pricing")
        for _ in range(2):
            assert bring_in_step(connection, "some", LANDING, copied) == []
        assert asked(connection) == ["categories", "pricing"]
        connection.execute("create table pricing (id bigint primary key)")
        assert bring_in_step(connection, "some", LANDING, copied) == ["pricing"]
        assert asked(connection)[-1] == "pricing"
