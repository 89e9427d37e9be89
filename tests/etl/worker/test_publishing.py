"""The publication brought in step with what lands."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from etl.sources.publication import is_in_step, source_columns, unpublished
from etl.worker import publishing
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


def test_each_loss_is_a_request_of_its_own(migrated_database: str) -> None:
    """What is lost while a table is copied is in no copy that was begun before."""
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        bring_in_step(connection, "some", LANDING)
        for _ in range(2):
            connection.execute('alter publication "some" drop table pricing')
            assert bring_in_step(connection, "some", LANDING) == ["pricing"]
        requests = connection.execute("select distinct request from gateway_command where about = 'pricing'").fetchall()
        assert len(requests) == 3


@contextlib.contextmanager
def published(url: str) -> Iterator[tuple[psycopg.Connection, psycopg.Connection, dict[str, Any]]]:
    """Give two connections to a database with a publication in step, and what was copied of it."""
    with psycopg.connect(url, autocommit=True) as connection, psycopg.connect(url, autocommit=True) as other:
        copied = {shape.table: source_columns(connection, shape) for shape in LANDING}
        bring_in_step(connection, "some", LANDING, copied)
        yield connection, other, copied


def test_nothing_is_taken_out_unnoticed_while_the_publication_is_mended(
    migrated_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes a table out between the look and the change waits until the change is there."""
    drop = 'alter publication "some" drop table {}'

    def dropped_meanwhile(*given: Any) -> list[str]:
        found = unpublished(*given)
        other.execute("set lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(drop.format("pricing").encode())
        return found

    with published(migrated_database) as (connection, other, copied):
        connection.execute(drop.format("categories").encode())
        monkeypatch.setattr(publishing, "unpublished", dropped_meanwhile)
        assert bring_in_step(connection, "some", LANDING, copied) == ["categories"]


def test_what_is_lost_is_what_was_seen_when_it_was_mended(
    migrated_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dropped_afterwards(*given: Any) -> bool:
        found = is_in_step(*given)
        other.execute('alter publication "some" drop table gateway_command')
        return found

    with published(migrated_database) as (connection, other, copied):
        with monkeypatch.context() as patch:
            patch.setattr(publishing, "is_in_step", dropped_afterwards)
            found = [*bring_in_step(connection, "some", LANDING, copied)]
        assert [*found, *bring_in_step(connection, "some", LANDING, copied)] == ["gateway_command"]
