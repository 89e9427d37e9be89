"""Facts on BigQuery: whole days are replaced, and no row stays on a day that it left."""

from collections.abc import Iterator
from typing import Any

import jinja2
import pytest

from etl.models.staging import PROJECT
from etl.warehouses.bigquery.service import Service
from tests.emulator import Emulator


@pytest.fixture
def service(bigquery: Emulator) -> Iterator[Service]:
    made = Service(bigquery.place(), patience=5.0)
    made.rest.create_dataset(made.place.raw)
    yield made
    made.close()


def macros(service: Service) -> Any:
    """Return the macros as an incremental run of the fact `facts` has them on BigQuery."""
    given: dict[str, Any] = {
        "target": {"type": "bigquery"},
        "this": service.place.name("facts"),
        "model": {"name": "facts"},
        "is_incremental": lambda: True,
        "pipeline_table": service.place.name,
        "every_day": lambda day: f"{day} >= date '1900-01-01'",
    }
    source = (PROJECT / "macros/touched.sql").read_text()
    return jinja2.Environment().from_string(source, given).module  # noqa: S701 - SQL, and no page


def test_a_row_that_was_the_last_of_its_day_leaves_it(service: Service) -> None:
    facts, now, touched = (service.place.name(name) for name in ("facts", "now_facts", "touched_facts"))
    first, other, later = ("date '2026-03-01'", "date '2026-03-02'", "date '2026-03-03'")
    before = [(1, first), (2, other), (3, other), (4, later)]
    after = [(1, other), (2, other), (4, later)]
    for name, rows in ((facts, before), (now, after)):
        lines = " union all ".join(f"select {key} as line_id, {day} as day" for key, day in rows)
        service.query(f"create table {name} as {lines}")
    service.query(f"create table {touched} as select 1 as id union all select 3")
    made = macros(service)
    is_touched = made.is_touched("line_id", "day", now)
    service.query(made.clear_touched("line_id", "day", now))
    # As dbt overwrites the days that it has rows of.
    service.query(f"create table {service.place.name('news')} as select * from {now} where {is_touched}")
    service.query(f"delete from {facts} where day in (select day from {service.place.name('news')})")
    service.query(f"insert into {facts} select * from {service.place.name('news')}")
    assert sorted(service.query(f"select line_id from {facts}").column("line_id").to_pylist()) == [1, 2, 4]
