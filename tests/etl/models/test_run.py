"""The models on the demo data: built, then kept up to date."""

import datetime as dt
import subprocess
import sys
import threading
from typing import Any

import pytest

from tests.etl.models.conftest import Built, Rows
from tests.etl.raw_tables import DELETE, INSERT, SNAPSHOT, TRUNCATE, UPDATE

_FACTS = (
    "select order_item_id, order_id, customer_id, order_date, product_id, quantity, unit_price, discount, tax, "
    "total_amount, order_status, payment_method from "
)

_DAY = dt.timedelta(days=1)
_MARTS = (
    *("customer_360", "customer_lifetime_value", "customer_rfm", "customer_churn_features", "purchase_patterns"),
    *("product_performance", "inventory_turnover", "demand_forecast_features", "price_elasticity"),
    *("order_fulfilment", "supplier_performance", "inventory_optimisation", "revenue_and_margin"),
)
# One of a product that was sold in the month of the receipt.
_A_RECEIPT_THAT_MATTERS = """
    select min(p.id) from raw.purchase_orders p join core.fact_orders f on f.product_id = p.product_id and f.is_sale
    and date_trunc('month', f.order_date) = date_trunc('month', (p.received_at at time zone 'America/Sao_Paulo')::date)
    where p.status = 'received'
"""


def test_everything_is_built_and_every_test_passes(built: Built) -> None:
    assert built.first.is_good, [node for node in built.first.nodes if not node.is_good]
    assert built.first.problem is None
    tested = built.runner.test()
    assert tested.is_good, [node for node in tested.nodes if not node.is_good]
    assert len(tested.nodes) > 50


def test_the_business_rules_hold(built: Built) -> None:
    tested = built.runner.unit_test()
    assert tested.is_good, [node for node in tested.nodes if not node.is_good]
    assert len([node for node in tested.nodes if node.kind == "unit_test"]) == 6


def test_revenue_by_month_is_that_of_the_source(built: Built) -> None:
    month = "strftime(order_date at time zone 'America/Sao_Paulo', '%Y-%m')"
    source = built.query(f"""
        select {month}, sum(i.total) from raw.order_items i join raw.orders o on o.id = i.order_id group by 1 order by 1
    """)
    fact = built.query(
        "select strftime(order_date, '%Y-%m'), sum(total_amount) from core.fact_orders group by 1 order by 1"
    )
    assert fact == source
    assert len(source) > 20
    sold = built.query("select sum(total_amount) from core.fact_orders where order_status <> 'cancelled'")
    assert built.query("select sum(total_revenue) from marts.revenue_and_margin") == sold
    assert built.query("select sum(total_revenue) from marts.customer_360") == sold
    assert built.query("select sum(total_revenue) from marts.product_performance") == sold


def test_each_mart_of_the_contract_is_there(built: Built) -> None:
    tables = {
        name for (name,) in built.query("select table_name from information_schema.tables where table_schema = 'marts'")
    }
    assert tables == set(_MARTS)


def test_holidays_are_brazils(built: Built) -> None:
    found = built.query("select date, holiday_name from core.dim_time where is_holiday and year = 2026 and month = 4")
    assert found == [(dt.date(2026, 4, 3), "Sexta-feira Santa"), (dt.date(2026, 4, 21), "Tiradentes")]
    assert built.query("select day_of_week, week from core.dim_time where date = '2026-11-01'") == [(7, 44)]


def test_a_run_takes_in_what_arrived_and_lets_go_what_went(built: Built) -> None:
    last, order = built.query("select max(id), max(order_id) from raw.order_items")[0]
    line = _row(built, "order_items", last)
    changed = _row(built, "orders", order - 1)
    gone = built.query(f"select min(id) from raw.order_items where order_id < {order - 1}")[0][0]
    built.raw.append("order_items", INSERT, [line | {"id": last + 1, "quantity": 77}])
    built.raw.append("orders", UPDATE, [changed | {"status": "cancelled"}])
    built.raw.append("order_items", DELETE, [{"id": gone}])

    assert built.runner.run().is_good

    kept = "core.fact_orders"
    assert built.query(f"select quantity from {kept} where order_item_id = {last + 1}") == [(77,)]
    assert built.query(f"select distinct order_status from {kept} where order_id = {order - 1}") == [("cancelled",)]
    assert built.query(f"select count(*) from {kept} where order_item_id = {gone}") == [(0,)]
    assert _differences(built) == []


def test_a_line_that_moves_to_another_order_and_late_lines_are_where_they_belong(built: Built) -> None:
    # The line's order is of another day, so that its partition changes.
    ((moved, target),) = built.query("select max(i.id), min(i.order_id) from raw.order_items i")
    built.raw.append("order_items", UPDATE, [_row(built, "order_items", moved) | {"order_id": target}])
    assert built.runner.run().is_good
    assert _differences(built) == []


def test_a_receipt_changes_the_margins_of_its_months(built: Built) -> None:
    receipt = _row(built, "purchase_orders", built.query(_A_RECEIPT_THAT_MATTERS)[0][0])
    before = _margins(built)
    number = built.query("select max(id) from raw.purchase_orders")[0][0] + 1
    dearer = receipt | {"id": number, "unit_cost": receipt["unit_cost"] * 3}
    built.raw.append("purchase_orders", INSERT, [dearer])
    assert built.runner.run().is_good
    assert _margins(built) < before


def test_an_incremental_run_gives_what_a_full_one_does(built: Built) -> None:
    before = {mart: built.query(f"select * from marts.{mart} order by all") for mart in _MARTS}
    assert built.runner.run(full=True, select=["fact_orders+", "int_unit_costs+"]).is_good
    assert _differences(built) == []
    for mart in _MARTS:
        assert built.query(f"select * from marts.{mart} order by all") == before[mart], mart


def test_a_run_of_one_model_takes_nothing_from_the_next_run(built: Built) -> None:
    last = built.query("select max(id) from raw.order_items")[0][0]
    line = _row(built, "order_items", last)
    built.raw.append("order_items", INSERT, [line | {"id": last + 1}])
    # What it is summed up from has not seen the line yet.
    assert built.runner.run(select=["int_orders"]).is_good
    assert built.runner.run().is_good
    found = built.query(f"select lines from intermediate.int_orders where order_id = {line['order_id']}")
    assert found == built.query(f"select count(*) from raw.order_items where order_id = {line['order_id']}")


def test_models_are_left_out_whose_sources_had_no_arrivals(built: Built) -> None:
    assert built.runner.run().is_good
    assert [node.name for node in built.runner.run().nodes if node.kind == "model"] == ["order_fulfilment"]
    built.raw.append("suppliers", UPDATE, [_row(built, "suppliers", 1)])
    names = {node.name for node in built.runner.run().nodes}
    assert {"dim_suppliers", "supplier_performance", "dim_products"} <= names
    assert names.isdisjoint({"fact_orders", "dim_customers", "customer_rfm"})
    built.query("update pipeline.whole_run set day = day - 1")
    assert {"customer_rfm", "fact_inventory_snapshots"} <= {node.name for node in built.runner.run().nodes}


def test_dimensions_keep_history(built: Built) -> None:
    row = _row(built, "customers", 1)
    moment = dt.datetime.now(dt.UTC)
    second, third = sorted({"Norte", "Sudeste", "Sul"} - {row["region"]})[:2]
    regions: list[dict[str, str | None]] = [{"region": second}, {"region": second, "email": None}, {"region": third}]
    for number, change in enumerate(regions):
        at = moment + dt.timedelta(minutes=number)
        built.raw.append("customers", UPDATE, [row | change | {"name": None}], at=at, unchanged=["name"])
    built.raw.append("customers", DELETE, [{"id": 2}], at=moment)

    assert built.runner.run(select=["dim_customers"]).is_good

    versions = built.query("""
        select customer_name, region, is_current, valid_to from core.dim_customers
        where customer_id = 1 order by valid_from
    """)
    # The change of the e-mail is none of what the dimension has; the name that wasn't sent is the one before.
    assert versions == [
        (row["name"], row["region"], False, moment),
        (row["name"], second, False, moment + dt.timedelta(minutes=2)),
        (row["name"], third, True, None),
    ]
    assert built.query("select is_current, valid_to from core.dim_customers where customer_id = 2") == [(False, moment)]


def test_versions_do_not_overlap_where_a_copy_tells_a_later_time_than_the_changes_after_it(built: Built) -> None:
    row = _row(built, "customers", built.query("select min(customer_id) from core.fact_orders where is_sale")[0][0])
    order = _row(built, "orders", built.query(f"select min(id) from raw.orders where customer_id = {row['id']}")[0][0])
    minute, now = dt.timedelta(minutes=1), dt.datetime.now(dt.UTC)
    built.raw.append("customers", SNAPSHOT, [row | {"region": "N"}], at=now - 10 * minute)
    built.raw.append("customers", UPDATE, [row | {"region": "S"}], at=now - 20 * minute)
    built.raw.append("orders", UPDATE, [order | {"order_date": now - 15 * minute, "status": "pending"}])
    assert built.runner.run().is_good
    current = f"select region from core.dim_customers where customer_id = {row['id']} and is_current"
    assert built.query(current) == [("S",)]
    sold = built.query("select sum(total_amount) from core.fact_orders where is_sale")
    assert built.query("select sum(total_amount) from intermediate.int_sales_monthly") == sold


def test_stock_is_recorded_for_days_that_no_run_saw(built: Built) -> None:
    day = dt.timedelta(days=1)
    key = built.query("select max(id) from raw.inventory")[0][0]
    row = _row(built, "inventory", key)
    today = built.query("select today from intermediate.int_clock")[0][0]
    # As if the first snapshot were of three days ago and the worker had been down since the day after.
    built.query(f"update raw.inventory__log set _committed_at = _committed_at - interval 3 day where _op = {SNAPSHOT}")
    built.query(f"update core.fact_inventory_snapshots set snapshot_date = date '{today - 3 * day}'")
    # 02:30 UTC is the day before in São Paulo.
    late = dt.datetime.combine(today - day, dt.time(2, 30), dt.UTC)
    built.raw.append("inventory", UPDATE, [row | {"quantity_available": 4321}], at=late)

    assert built.runner.run(select=["fact_inventory_snapshots"]).is_good

    found = built.query(f"""
        select snapshot_date, quantity_available from core.fact_inventory_snapshots
        where product_id = {row["product_id"]} and warehouse_id = {row["warehouse_id"]} order by 1
    """)
    was = row["quantity_available"]
    assert found == [(today - 3 * day, was), (today - 2 * day, 4321), (today - day, 4321), (today, 4321)]
    counts = built.query("select count(*) from core.fact_inventory_snapshots group by snapshot_date")
    assert len(set(counts)) == 1


def test_stock_is_recorded_again_for_days_of_which_changes_came_late(built: Built) -> None:
    row, recorded, noon = _recorded_for_three_days(built, "min(id)")
    was = (row["quantity_available"],)
    assert built.query(recorded) == [was, was, was, was]
    built.raw.append("inventory", UPDATE, [row | {"quantity_available": 987}], at=noon - 2 * _DAY)
    assert built.runner.run(select=["fact_inventory_snapshots"]).is_good
    assert built.query(recorded) == [was, (987,), (987,), (987,)]

    # What the row was before the change was pruned, and is known only from what was recorded.
    built.query(f"delete from raw.inventory__log where _key = {row['id']} and _op = {SNAPSHOT}")
    other = _row(built, "inventory", built.query("select max(id) from raw.inventory")[0][0])
    built.raw.append("inventory", UPDATE, [other], at=noon - 3 * _DAY)
    assert built.runner.run(select=["fact_inventory_snapshots"]).is_good
    assert built.query(recorded) == [was, (987,), (987,), (987,)]


def test_stock_is_recorded_once_where_the_times_of_commits_step_back(built: Built) -> None:
    row, recorded, noon = _recorded_for_three_days(built, "max(id) - 1")
    for quantity, days in ((5, 1), (6, 2)):
        built.raw.append("inventory", UPDATE, [row | {"quantity_available": quantity}], at=noon - days * _DAY)
    assert built.runner.run(select=["fact_inventory_snapshots"]).is_good
    assert built.query(recorded) == [(row["quantity_available"],), (row["quantity_available"],), (6,), (6,)]


def test_what_a_clock_that_was_ahead_recorded_of_days_to_come_goes(built: Built) -> None:
    _, recorded, _ = _recorded_for_three_days(built, "max(id) - 2")
    was = built.query(recorded)
    weeks = "select max(week) from intermediate.int_demand_weeks"
    assert built.runner.run(select=["int_demand_weeks"]).is_good
    this_week = built.query(weeks)
    for days in (1, 9):
        built.query(f"""
            insert into core.fact_inventory_snapshots by name select * replace (snapshot_date + {days} as snapshot_date)
            from core.fact_inventory_snapshots where snapshot_date = (select today from intermediate.int_clock)
        """)
        built.query(f"""
            insert into intermediate.int_demand_weeks by name select * replace (week + {7 * days} as week)
            from intermediate.int_demand_weeks where week = '{this_week[0][0]}'
        """)
    assert built.runner.run(select=["fact_inventory_snapshots", "int_demand_weeks"]).is_good
    assert built.query(recorded) == was
    assert built.query(weeks) == this_week


def test_a_run_and_appends_do_not_disturb_each_other(built: Built) -> None:
    row = _row(built, "customer_interactions", 1)
    last = built.query("select max(id) from raw.customer_interactions")[0][0]
    stop = threading.Event()
    appended: list[int] = []

    def append() -> None:
        writer = built.raw.connection.cursor()
        names = ", ".join(built.raw.schemas["customer_interactions"].names)
        while not stop.wait(0.01):
            built.raw.load_id += 1
            number = last + 1 + len(appended)
            writer.execute(f"""
                insert into raw.customer_interactions__log by name
                select 1::tinyint as _op, {built.raw.load_id} as _commit_lsn, 0 as _seq, now() as _committed_at,
                    {number} as _key, 0 as _unchanged, {built.raw.load_id} as _load_id, {number} as id,
                    {names.replace("id, ", "", 1)} from raw.customer_interactions where id = {row["id"]}
            """)
            appended.append(number)

    thread = threading.Thread(target=append)
    thread.start()
    try:
        during = built.runner.run(select=["core"])
    finally:
        stop.set()
        thread.join()
    assert during.is_good
    assert len(appended) > 10
    # What came while the models were built is missed by none of the next runs.
    assert built.runner.run(select=["fact_customer_interactions"]).is_good
    assert built.query("select count(*) from core.fact_customer_interactions") == built.query(
        "select count(*) from raw.customer_interactions"
    )


def test_sales_of_a_customer_that_comes_late_get_its_region(built: Built) -> None:
    customer = built.query("select max(customer_id) from core.fact_orders where is_sale")[0][0]
    built.query(f"create table kept as from raw.customers__log where _key = {customer}")
    built.query(f"delete from raw.customers__log where _key = {customer}")
    assert built.runner.run(full=True).is_good
    assert built.query("select count(*) > 0 from intermediate.int_sales_monthly where region is null") == [(True,)]
    built.raw.load_id += 1
    built.query(f"insert into raw.customers__log select * replace ({built.raw.load_id} as _load_id) from kept")
    assert built.runner.run().is_good
    found = built.query("select * from intermediate.int_sales_monthly order by all")
    margins = built.query("select * from intermediate.int_margins_monthly order by all")
    assert built.runner.run(full=True).is_good
    assert built.query("select * from intermediate.int_sales_monthly order by all") == found
    assert built.query("select * from intermediate.int_margins_monthly order by all") == margins


def test_sales_are_in_the_region_of_a_version_that_comes_late_and_are_summed_up_again_once(built: Built) -> None:
    customer = built.query("select min(customer_id) from core.fact_orders where is_sale")[0][0]
    first = built.query(f"select min(ordered_at) from core.fact_orders where customer_id = {customer}")[0][0]
    built.raw.append("customers", UPDATE, [_row(built, "customers", customer) | {"region": "Late"}], at=first)
    # As if it had been a dead letter: of the time of the first order, and before all else that is known since.
    built.query("update raw.customers__log set _committed_at = timestamptz '2015-01-01' where region <> 'Late'")
    assert built.runner.run().is_good
    sold = f"select sum(total_amount) from core.fact_orders where is_sale and customer_id = {customer}"
    late = "select sum(total_amount) from intermediate.int_sales_monthly where region = 'Late'"
    assert built.query(late) == built.query(sold)

    built.raw.append("customers", UPDATE, [_row(built, "customers", customer) | {"region": "Later"}])
    assert built.runner.run().is_good
    assert built.query(late) == built.query(sold)
    touched = built.query("""
        select count(*) from pipeline.touched_day
        where model = 'int_sales_monthly' and number = (select max(number) from pipeline.run_window)
    """)
    assert touched == [(0,)]


@pytest.mark.parametrize("table", ["customer_interactions", "order_items"])
def test_truncated_tables_leave_no_rows(built: Built, table: str) -> None:
    # Changes of half of the rows were pruned, and the rows are in the base.
    built.query(f"insert into raw.{table}__base by name select * from raw.{table} where id % 2 = 0")
    built.query(f"delete from raw.{table}__log where _key % 2 = 0")
    built.raw.append(table, TRUNCATE, [{}])
    fact = {"customer_interactions": "fact_customer_interactions", "order_items": "fact_orders"}[table]
    assert built.runner.run(select=[fact]).is_good
    assert built.query(f"select count(*) from core.{fact}") == [(0,)]


def test_a_row_that_was_truncated_in_the_transaction_that_made_it_has_no_current_version(built: Built) -> None:
    built.raw.append("suppliers", INSERT, [_row(built, "suppliers", 1) | {"id": 9001}])
    built.raw.append("suppliers", TRUNCATE, [{}])
    built.query(f"update raw.suppliers__log set _commit_lsn = _commit_lsn - 1, _seq = 1 where _op = {TRUNCATE}")
    assert built.runner.run(select=["dim_suppliers"]).is_good
    assert built.query("select count(*) from core.dim_suppliers where is_current") == [(0,)]


def test_results_are_kept_without_values(built: Built) -> None:
    kept = built.query("select node, status, seconds > 0 from pipeline.model_run where node = 'fact_orders' limit 1")
    assert kept == [("fact_orders", "success", True)]
    built.query("create or replace view raw.suppliers as select 'secret' :: integer as id")
    failed = built.runner.run(select=["dim_products"])
    assert [(node.name, node.fault) for node in failed.nodes if not node.is_good] == [
        ("dim_products", "Runtime Error, Binder Error")
    ]
    assert not failed.is_good


def test_nothing_else_imports_dbt() -> None:
    code = "import app.main, app.cli, etl.models.staging, sys; print([m for m in sys.modules if m.startswith('dbt')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def _margins(built: Built) -> Rows:
    """Return the margin as the month's mart and as the customers' orders have it."""
    by_month = built.query("select sum(gross_margin) from marts.revenue_and_margin")
    return by_month + built.query("select sum(costed_amount - cost_amount) from intermediate.int_orders")


def _recorded_for_three_days(built: Built, key: str) -> tuple[dict[str, Any], str, dt.datetime]:
    """Record stock as if the log began three days ago; return a row, a query of its days, and noon of today."""
    row = _row(built, "inventory", built.query(f"select {key} from raw.inventory")[0][0])
    noon = dt.datetime.combine(built.query("select today from intermediate.int_clock")[0][0], dt.time(15), dt.UTC)
    built.query(f"update raw.inventory__log set _committed_at = timestamptz '{noon - 3 * _DAY}' where _op = {SNAPSHOT}")
    built.query("delete from core.fact_inventory_snapshots")
    assert built.runner.run(select=["fact_inventory_snapshots"]).is_good
    place = f"product_id = {row['product_id']} and warehouse_id = {row['warehouse_id']}"
    query = f"select quantity_available from core.fact_inventory_snapshots where {place} order by snapshot_date"
    return row, query, noon


def _row(built: Built, table: str, key: int) -> dict[str, Any]:
    names = built.raw.schemas[table].names
    (values,) = built.query(f"select {', '.join(names)} from raw.{table} where id = {key}")
    return dict(zip(names, values, strict=True))


def _differences(built: Built) -> Rows:
    """Return the rows in which the fact and its definition differ."""
    ours, theirs = f"{_FACTS} core.fact_orders", f"{_FACTS} intermediate.int_order_lines"
    return built.query(f"({ours} except all {theirs}) union all ({theirs} except all {ours})")
