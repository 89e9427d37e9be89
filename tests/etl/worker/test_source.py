"""The source as the worker connects to it."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from etl.sources.faults import SourceGone
from etl.sources.postgres_wal.stream import lively
from etl.sources.publication import NotPublishable, publish
from etl.worker.source import Source
from tests.etl.worker.working import SHAPES, Work, forget, source_of
from tests.servers import wait_until

ROLE = "etl_under_policies"


@pytest.fixture
def under_policies(migrated_database: str) -> Iterator[str]:
    """The URL of a role that owns the tables by membership and may replicate, and for which row policies hold."""
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        owner = connection.info.user
        connection.execute(f"create role {ROLE} login replication password 'secret' in role {owner}")
        try:
            yield make_conninfo(migrated_database, user=ROLE, password="secret")
        finally:
            connection.execute(f"drop owned by {ROLE}")
            connection.execute(f"drop role {ROLE}")


def test_a_role_that_policies_hide_rows_from_copies_nothing_instead_of_a_part(under_policies: str) -> None:
    source = source_of(under_policies)
    work = Work(source, ":memory:")
    with pytest.raises(SourceGone, match="affected by row-level security"):
        work.pipeline.copy(work.worker.stop)
    assert work.warehouse.position() in (None, 0)
    work.warehouse.close()
    forget(source)


def test_one_pipeline_has_the_turn_at_a_time(migrated_database: str) -> None:
    first, other = Source(migrated_database, "a"), Source(migrated_database, "b")
    with first.connect() as one, first.connect() as two:
        assert first.take_turn(one)
        assert not first.take_turn(two)
        assert other.take_turn(two)
        one.close()
        wait_until("the turn is free", lambda: first.take_turn(two))


def test_the_options_of_the_url_stay() -> None:
    said = conninfo_to_dict(lively("postgresql://host/db?options=-c%20search_path%3Dshop", "-c row_security=off"))
    assert str(said["options"]).startswith("-c search_path=shop -c tcp_keepalives_idle=10")
    assert str(said["options"]).endswith("-c row_security=off")


def test_a_source_without_tables_is_told_apart(empty_database: str) -> None:
    with (
        psycopg.connect(empty_database) as connection,
        pytest.raises(NotPublishable, match="run `gateway migrate`"),
    ):
        publish(connection, "any", SHAPES)
