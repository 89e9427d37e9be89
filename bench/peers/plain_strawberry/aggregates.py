"""Revenue in groups, for the one grouping that is asked for."""

import datetime as dt
from decimal import Decimal
from enum import Enum

import asyncpg
import strawberry

from bench.peers.plain_strawberry.graph import OrderStatus, Row

_REVENUE = """
    select date_trunc('month', o.order_date at time zone 'America/Sao_Paulo')::date as month, c.region,
        count(*) as orders, sum(o.total) as total
    from orders o join customers c on c.id = o.customer_id
    where o.order_date >= $1 and o.order_date < $2 and o.status = any($3)
    group by 1, 2 order by 1, 2
"""


@strawberry.enum
class OrderGroupField(Enum):
    """What orders can be grouped by."""

    ORDER_DATE = "order_date"


@strawberry.enum
class CustomerGroupField(Enum):
    """What customers can be grouped by."""

    REGION = "region"


@strawberry.enum
class TimeUnit(Enum):
    """A span of time."""

    MONTH = "month"


@strawberry.input
class CustomerGroupBy:
    """A grouping by the customer."""

    field: CustomerGroupField


@strawberry.input
class OrderGroupBy:
    """A grouping of orders."""

    field: OrderGroupField | None = None
    by: TimeUnit | None = None
    customer: CustomerGroupBy | None = None


@strawberry.input
class DateTimeFilter:
    """A range of time."""

    gte: dt.datetime
    lt: dt.datetime


@strawberry.input
class OrderStatusFilter:
    """One of some words."""

    in_: list[OrderStatus] = strawberry.field(name="in")


@strawberry.input
class OrderFilter:
    """Which orders."""

    order_date: DateTimeFilter
    status: OrderStatusFilter


@strawberry.type
class CustomerGroupKey:
    """What the customers of a group have in common."""

    region: str


@strawberry.type
class OrderGroupKey:
    """What the orders of a group have in common."""

    order_date: dt.date
    customer: CustomerGroupKey


@strawberry.type
class OrderSums:
    """Sums of a group."""

    total: Decimal


@strawberry.type
class OrderAggregate:
    """A group of orders."""

    key: OrderGroupKey
    count: int
    sum: OrderSums


async def revenue(pool: asyncpg.Pool, where: OrderFilter) -> list[OrderAggregate]:
    """Return the revenue by month and region."""
    statuses = [status.value for status in where.status.in_]
    rows = await pool.fetch(_REVENUE, where.order_date.gte, where.order_date.lt, statuses)
    return [_aggregate(row) for row in rows]


def _aggregate(row: Row) -> OrderAggregate:
    return OrderAggregate(
        key=OrderGroupKey(order_date=row["month"], customer=CustomerGroupKey(region=row["region"])),
        count=row["orders"],
        sum=OrderSums(total=row["total"]),
    )
