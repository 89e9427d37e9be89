"""What is written into the operational database: orders as the shop makes them, and rows in bulk."""

from typing import Final

import psycopg

CHANGES_OF_AN_ORDER: Final = 7
"""One order, three lines, and the stock of three products."""
_STOCK: Final = 5_000
_OF_A_TRANSACTION: Final = 50_000

_PREPARE: Final = """
create or replace function bench_order(n bigint) returns void language sql as $$
    insert into orders (id, customer_id, order_date, status, subtotal, tax, shipping_cost, total, payment_method,
        payment_status, shipping_address)
    values (n, 1 + n % 2000, now(), 'pending', n % 100000 / 7.0, n % 1000 / 12.0, 20, n % 100000 / 6.0, 'boleto',
        'pending', 'Rua das Flores ' || n % 3000 || ', Centro');
$$;
create or replace function bench_items(first bigint, last bigint) returns void language sql as $$
    insert into order_items (id, order_id, product_id, quantity, unit_price, discount, tax, total)
    select n, n / 3, 1 + n % 25000, 1 + n % 24, n % 10000 / 7.0, 0, n % 1000 / 12.0, n % 100000 / 33.0
    from generate_series(first, last) n;
$$;
create or replace function bench_reserve(n bigint) returns void language sql as $$
    update inventory set quantity_reserved = quantity_reserved + 1, last_updated = clock_timestamp()
    where id in (1 + n % 5000, 1 + (n + 7) % 5000, 1 + (n + 13) % 5000);
$$;
create or replace procedure bench_orders(first bigint, last bigint) language plpgsql as $$
begin
    for n in first..last loop
        perform bench_order(n), bench_items(3 * n, 3 * n + 2), bench_reserve(n);
        commit;
    end loop;
end $$;
"""


def prepare(connection: psycopg.Connection) -> None:
    """Empty the tables but the stock of which orders take, and make what rows are written by."""
    connection.execute(_PREPARE)
    connection.execute("truncate orders, order_items, customer_interactions")
    connection.execute(
        "insert into inventory (id, product_id, warehouse_id, quantity_available)"
        " select n, n, 1, 100 from generate_series(1, %s) n on conflict do nothing",
        [_STOCK],
    )


def write_orders(connection: psycopg.Connection, changes: int) -> int:
    """Write orders, a transaction each, into an empty table; return how many changes that is."""
    orders = max(changes // CHANGES_OF_AN_ORDER, 1)
    connection.execute("call bench_orders(1, %s)", [orders])
    return orders * CHANGES_OF_AN_ORDER


def write_bulk(connection: psycopg.Connection, changes: int, each: int = _OF_A_TRANSACTION) -> int:
    """Write order items in large transactions into an empty table; return how many."""
    for first in range(1, changes + 1, each):
        connection.execute("select bench_items(%s, %s)", [first, min(first + each - 1, changes)])
    return changes
