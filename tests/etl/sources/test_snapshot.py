"""Copies of tables as one moment of the source shows them, whatever is done to the tables before they are read."""

import psycopg
import pyarrow as pa
import pytest

from etl.sources.faults import SourceGone
from etl.sources.postgres_wal.snapshot import copy_table
from tests.etl.sources.recording import rows_of, shape_of

THINGS = shape_of("things", id=pa.int64(), n=pa.int32())


@pytest.mark.parametrize(
    "rewrite",
    [
        "alter table things add column token uuid default gen_random_uuid()",
        "alter table things alter column n type bigint",
        "truncate things",
        "drop table things; create table things (id bigint primary key, n integer)",
    ],
)
def test_a_table_written_anew_since_the_moment_is_not_taken_for_an_empty_one(empty_database: str, rewrite: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as writer, psycopg.connect(empty_database) as reader:
        writer.execute("create table things (id bigint primary key, n integer); insert into things values (1, 1)")
        reader.execute("set transaction isolation level repeatable read, read only; select")
        writer.execute(rewrite)
        with pytest.raises(SourceGone, match="things was rewritten"):
            list(copy_table(reader, THINGS, 1))


@pytest.mark.parametrize("rewrite", ["truncate things_low", "alter table things alter column n type bigint"])
def test_a_partition_written_anew_is_not_taken_for_an_empty_one(empty_database: str, rewrite: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as writer, psycopg.connect(empty_database) as reader:
        writer.execute(
            "create table things (id bigint primary key, n integer) partition by range (id);"
            "create table things_low partition of things for values from (minvalue) to (10);"
            "insert into things values (1, 1)"
        )
        reader.execute("set transaction isolation level repeatable read, read only; select")
        writer.execute(rewrite)
        with pytest.raises(SourceGone, match="things was rewritten"):
            list(copy_table(reader, THINGS, 1))


def test_a_table_stays_as_it_is_from_the_look_on(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as writer, psycopg.connect(empty_database) as reader:
        writer.execute("create table things (id bigint primary key, n integer); insert into things values (1, 1)")
        reader.execute("set transaction isolation level repeatable read, read only; select")
        writer.execute("alter table things add column m integer default 5; insert into things values (2, 2)")
        assert [row["id"] for row in rows_of(part for part, _ in copy_table(reader, THINGS, 1) if part)] == [1]
        writer.execute("set lock_timeout = '100ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            writer.execute("truncate things")


def test_who_may_read_the_columns_that_land_may_copy_them(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("create table things (id bigint primary key, n integer, secret text)")
        connection.execute("insert into things values (1, 1); create role columns_only")
        connection.execute("grant select (id, n) on things to columns_only; set local role columns_only")
        assert [row["n"] for row in rows_of(part for part, _ in copy_table(connection, THINGS, 1) if part)] == [1]
        connection.rollback()
