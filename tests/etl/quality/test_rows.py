"""Every derived check of rows finds the fault that it is for, and none passes where there are no rows."""

from collections.abc import Iterator

import duckdb
import pytest
import sqlalchemy as sa

from etl.quality.check import Kind, Status
from etl.quality.ranges import RANGES
from etl.quality.relations import check_duplicates, check_references, check_shape
from etl.quality.rows import RowCheck, check_rows, row_checks
from schema.entities import ENTITIES
from schema.entity import Entity

LANDING = [entity for entity in ENTITIES if entity.__declaration__.warehouse is not None]
CHECKS = [(entity, one) for entity in LANDING for one in row_checks(entity)]

# What breaks each range, as assignments.
BREAKS = {
    "pricing.price": "price = 0",
    "pricing.effective_to": "effective_to = effective_from - interval 1 day",
    "order_items.quantity": "quantity = 0",
    "order_items.unit_price": "unit_price = -0.01",
    "order_items.discount": "discount = -0.01",
    "order_items.tax": "tax = -0.01",
    "order_items.total": "total = -0.01",
    "order_items.total is the line's sum": "total = total + 0.02",
    "orders.total": "total = -0.01",
    "orders.delivered_at": "shipped_at = now(), delivered_at = now() - interval 1 hour",
    "orders.shipped_at": "shipped_at = order_date - interval 1 hour",
    "orders.order_date": "order_date = now() + interval 2 day",
    "customers.credit_limit": "credit_limit = -1",
    "inventory.quantity_available": "quantity_available = -1",
    "inventory.quantity_reserved": "quantity_reserved = -1",
    "inventory.quantity_incoming": "quantity_incoming = -1",
    "inventory.reorder_point": "reorder_point = -1",
    "purchase_orders.quantity_ordered": "quantity_ordered = 0",
    "purchase_orders.quantity_received": "quantity_received = -1",
    "purchase_orders.unit_cost": "unit_cost = 0",
    "purchase_orders.received_at": "received_at = ordered_at - interval 1 hour",
    "customer_interactions.resolution_time_minutes": "resolution_time_minutes = -1",
}


def _broken(entity: type[Entity], one: RowCheck) -> str:
    match one.check.kind:
        case Kind.NOT_NULL:
            return f'"{one.check.column}" = null'
        case Kind.ACCEPTED:
            return f"\"{one.check.column}\" = 'nonsense'"
        case _:
            return BREAKS[f"{entity.__tablename__}.{one.check.column}"]


def _break_first(warehouse: duckdb.DuckDBPyConnection, entity: type[Entity], fault: str) -> None:
    """Plant a fault, as an assignment, in the row with the smallest key."""
    table = entity.__tablename__
    warehouse.execute(f"update raw.{table}__log set {fault} where _key = (select min(id) from raw.{table})")


def test_every_range_has_a_fault_to_be_tried_with() -> None:
    assert {f"{one.table}.{one.name}" for one in RANGES} == BREAKS.keys()
    assert {one.table for one in RANGES} <= {entity.__tablename__ for entity in LANDING}


@pytest.mark.parametrize("entity", LANDING, ids=lambda entity: entity.__tablename__)
def test_demo_data_is_without_fault(warehouse: duckdb.DuckDBPyConnection, entity: type[Entity]) -> None:
    findings = [*check_rows(warehouse, entity), *check_references(warehouse, entity)]
    findings += [check_shape(warehouse, entity), *check_duplicates(warehouse, entity)]
    assert {finding.check.name: finding.status for finding in findings if finding.status is not Status.PASS} == {}


@pytest.mark.parametrize(("entity", "one"), CHECKS, ids=[one.check.name for _, one in CHECKS])
def test_a_planted_fault_is_found_by_its_check(
    warehouse: duckdb.DuckDBPyConnection, entity: type[Entity], one: RowCheck
) -> None:
    _break_first(warehouse, entity, _broken(entity, one))
    found = {finding.check: finding for finding in check_rows(warehouse, entity)}[one.check]
    assert (found.status, found.violations) == (Status(one.check.severity), 1)
    assert (found.examined or 0) > 1


@pytest.mark.parametrize("entity", LANDING, ids=lambda entity: entity.__tablename__)
def test_a_column_that_is_missing_or_of_another_type_is_found(
    warehouse: duckdb.DuckDBPyConnection, entity: type[Entity]
) -> None:
    table = entity.__tablename__
    name = list(entity.__table__.columns)[1].name
    warehouse.execute(f"create or replace view raw.{table} as select * exclude ({name}) from raw.{table}__base")
    assert check_shape(warehouse, entity).detail == f"missing or of another type: {name}"
    warehouse.execute(
        f"create or replace view raw.{table} as select * replace (1::float as {name}) from raw.{table}__base"
    )
    assert check_shape(warehouse, entity).status is Status.FAIL


def _uniques() -> Iterator[tuple[type[Entity], list[str]]]:
    for entity in LANDING:
        for one in entity.__table__.constraints:
            if isinstance(one, sa.PrimaryKeyConstraint | sa.UniqueConstraint):
                yield entity, [column.name for column in one.columns]


@pytest.mark.parametrize(("entity", "names"), list(_uniques()), ids=lambda value: getattr(value, "__tablename__", None))
def test_a_row_that_is_there_twice_is_found(
    warehouse: duckdb.DuckDBPyConnection, entity: type[Entity], names: list[str]
) -> None:
    table = entity.__tablename__
    columns = ", ".join(column.name for column in entity.__table__.columns if "policy" not in column.info)
    warehouse.execute(f"create or replace temp table one as select {columns} from raw.{table} order by id limit 1")
    if names != ["id"]:
        warehouse.execute(f"update one set id = (select max(id) + 1 from raw.{table})")
    warehouse.execute(f"create or replace temp table all_rows as select {columns} from raw.{table}")
    warehouse.execute("insert into all_rows from one")
    warehouse.execute(f"create or replace view raw.{table} as select * from temp.all_rows")
    found = {finding.check.column: finding for finding in check_duplicates(warehouse, entity)}
    assert (found["+".join(names)].status, found["+".join(names)].violations) == (Status.FAIL, 1)


def _links() -> Iterator[tuple[type[Entity], str]]:
    for entity in LANDING:
        for column in entity.__table__.columns:
            if column.foreign_keys:
                yield entity, column.name


@pytest.mark.parametrize(("entity", "column"), list(_links()), ids=lambda value: getattr(value, "__tablename__", value))
def test_a_link_that_leads_nowhere_is_found(
    warehouse: duckdb.DuckDBPyConnection, entity: type[Entity], column: str
) -> None:
    _break_first(warehouse, entity, f'"{column}" = 9223372036854775807')
    found = {finding.check.column: finding for finding in check_references(warehouse, entity)}[column]
    assert (found.status, found.violations) == (Status.FAIL, 1)


@pytest.mark.parametrize("entity", LANDING, ids=lambda entity: entity.__tablename__)
def test_no_check_of_rows_passes_without_rows(empty: duckdb.DuckDBPyConnection, entity: type[Entity]) -> None:
    findings = [*check_rows(empty, entity), *check_duplicates(empty, entity), *check_references(empty, entity)]
    assert len(findings) > 2
    assert {finding.status for finding in findings} == {Status.EMPTY}
    assert not any(finding.is_good for finding in findings if finding.check.severity == "fail")
