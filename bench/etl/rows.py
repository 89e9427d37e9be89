"""A warehouse's raw tables of any size, made by DuckDB itself: for measurements of what reads them.

Sizes are like those of the demo data: three lines an order, a customer for twenty orders. What a row says is made up
from its number, so that two runs measure the same.
"""

import duckdb

ORDERS = """
insert into raw.{to} by name
select i as id, 1 + hash(i * 3) % {customers} as customer_id,
    now() - to_seconds(((1 - pow((i - 0.5) / {last}, 0.8)) * 730 * 86400)::bigint) as order_date,
    case when i % 29 = 0 then 'cancelled' when i > {last} * 0.99 then 'shipped' else 'delivered' end as status,
    0::decimal(14, 2) as subtotal, 0::decimal(14, 2) as tax, 20::decimal(14, 2) as shipping_cost,
    0::decimal(14, 2) as total, ['boleto', 'pix', 'credit_card'][1 + i % 3] as payment_method, 'paid' as payment_status,
    order_date + interval 1 day as shipped_at,
    case when i <= {last} * 0.99 then order_date + to_hours((48 + hash(i) % 120)::bigint) end as delivered_at,
    order_date + interval 6 day as promised_at, order_date as created_at, order_date as updated_at {meta}
from range({first}, {last} + 1) as r(i)
"""

LINES = """
insert into raw.{to} by name
select n as id, 1 + (n - 1) // 3 as order_id,
    1 + floor(pow((hash(n) % 1000000) / 1e6, 2.5) * {products})::bigint as product_id,
    (1 + hash(n * 7) % 24)::integer as quantity,
    ((500 + hash(product_id) % 20000) * (0.9 + (hash(n * 11) % 20) / 100) / 100)::decimal(14, 2) as unit_price,
    case when n % 5 = 0 then (quantity * unit_price * 0.05)::decimal(14, 2) else 0 end as discount,
    ((quantity * unit_price - discount) * 0.12)::decimal(14, 2) as tax,
    (quantity * unit_price - discount + tax)::decimal(14, 2) as total {meta}
from range(3 * {first} - 2, 3 * {last} + 1) as r(n)
"""

# The statements of all other tables; the small ones come through the log, as a snapshot of the source does.
OTHERS = (
    "insert into raw.{log} by name select unnest(range(1, 5)) as id, 'tier' || id as name {meta}",
    "insert into raw.{log} by name select unnest(range(1, 31)) as id, 'group ' || id as name {meta}",
    """insert into raw.{log} by name select i as id, 'supplier ' || i as name, 'manufacturer' as type, 'Sul' as region,
    'active' as status {meta} from range(1, 301) as r(i)""",
    "insert into raw.{log} by name select unnest(range(1, 6)) as id, 'centre ' || id as name {meta}",
    """insert into raw.{log} by name select i as id, 'CT' || i as sku, 'product ' || i as name,
    1 + i % 30 as category_id,
    1 + i % 300 as manufacturer_id, 'substance ' || i % 800 as active_ingredient, i % 3 = 0 as is_generic,
    'active' as status {meta} from range(1, {products} + 1) as r(i)""",
    """insert into raw.{log} by name select i as id, 'customer ' || i as name, lpad(i::varchar, 14, '0') as cnpj,
    ['Sul', 'Norte', 'Nordeste', 'Sudeste', 'Centro-Oeste'][1 + i % 5] as region, 1 + i % 4 as tier_id,
    'active' as status, now() - interval 900 day as created_at {meta} from range(1, {customers} + 1) as r(i)""",
    """insert into raw.{log} by name select i as id, 1 + i % {products} as product_id,
    1 + i // ({products} + 1) as warehouse_id,
    (hash(i) % 200)::integer as quantity_available, 3 as quantity_reserved, 20 as quantity_incoming,
    25 as reorder_point, now() as last_updated {meta} from range(1, 2 * {products} + 1) as r(i)""",
    """insert into raw.{base} by name select i as id, 1 + i % 300 as supplier_id, 1 + i % {products} as product_id,
    1 + i % 5 as warehouse_id, 120 as quantity_ordered, 120 as quantity_received,
    ((350 + hash(product_id) % 14000) / 100)::decimal(14, 2) as unit_cost, 'received' as status,
    now() - to_days((hash(i) % 730)::integer + 12) as ordered_at, ordered_at + interval 8 day as expected_at,
    ordered_at + to_days((5 + hash(i * 5) % 6)::integer) as received_at {none}
    from range(1, 16 * {products} + 1) as r(i)""",
    """insert into raw.{base} by name select i as id, 1 + hash(i) % {customers} as customer_id, i as order_id,
    now() - to_days((hash(i) % 730)::integer) as interaction_date, 'whatsapp' as channel,
    ['inquiry', 'complaint', 'order', 'support'][1 + i % 4] as type, i % 20 > 0 as resolved,
    60 as resolution_time_minutes, 'human' as agent_type {none} from range(1, {orders} // 5 + 1) as r(i)""",
)
_TABLES = (
    *("customer_tiers", "categories", "suppliers", "warehouses", "products", "customers", "inventory"),
    *("purchase_orders", "customer_interactions"),
)


def fill(connection: duckdb.DuckDBPyConnection, orders: int) -> None:
    """Fill empty raw tables with so many orders and what belongs to them."""
    sizes = {"orders": orders, "customers": orders // 20, "products": max(100, min(25_000, orders // 40))}
    for table, statement in zip(_TABLES, OTHERS, strict=True):
        places = {"log": f"{table}__log", "base": f"{table}__base", "meta": _meta("id", 1, 5), "none": ""}
        connection.execute(statement.format(**places, **sizes))
    span = {"first": 1, "last": orders, "meta": ""}
    connection.execute(ORDERS.format(to="orders__base", **span, **sizes))
    connection.execute(LINES.format(to="order_items__base", **span, **sizes))


def add_orders(connection: duckdb.DuckDBPyConnection, orders: int, number: int, load_id: int) -> None:
    """Add `number` new orders with their lines to the log as one load, the `load_id`-th after tables of `orders`."""
    sizes = {"customers": orders // 20, "products": max(100, min(25_000, orders // 40))}
    first = orders + (load_id - 2) * number + 1
    span = {"first": first, "last": first + number - 1, "meta": _meta("id", load_id, 1)}
    connection.execute(ORDERS.format(to="orders__log", **span, **sizes))
    connection.execute(LINES.format(to="order_items__log", **span, **sizes))


def touch_others(connection: duckdb.DuckDBPyConnection, number: int, load_id: int) -> None:
    """Add a change of `number` rows of every other table to the log, as one load."""
    for table in _TABLES:
        connection.execute(
            f"insert into raw.{table}__log by name select * {_meta('id', load_id, 2)} from raw.{table} limit {number}"
        )


def _meta(key: str, load_id: int, operation: int) -> str:
    return (
        f", {operation}::tinyint as _op, {load_id} as _commit_lsn, {key} as _seq, now() as _committed_at, "
        f"{key} as _key, 0 as _unchanged, {load_id} as _load_id"
    )
