"""The limit: a handler for each request, with SQL tuned by hand that gives the finished JSON, and nothing around it.

It reads and checks the variables, as any handler must. It has no documents to understand, no principals, no rules of
access and no log. What the SQL looks like was measured; `bench/shapes` has the candidates and `docs/performance.md`
the figures. In short: `concat` of literals and values; `json_scalar`, which unlike `to_json` does not look up the
type again for each value; lists as `array_to_string` over `array`; plans that are made once, under which a list of
joined rows is a little cheaper than subqueries for each. Small rows in great number come as one text, because each row
costs the handler 1 µs; large ones come one by one, because copying them together costs the database more than that.
"""

import base64
import binascii
import contextlib
import datetime as dt
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MOST: Final = 1000
_WORDS: Final = frozenset({"PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED", "CANCELLED"})


def _id(entity: str, key: str) -> str:
    return f"encode(textsend('{entity}:' || {key}), 'base64')"


def _text(column: str) -> str:
    return f"json_scalar({column})"


def _nullable(column: str) -> str:
    return f"coalesce(json_scalar({column}), 'null'::json)"


def _array(item: str, rows: str) -> str:
    return f"array_to_string(array(select {item} {rows}), ',')"


_SUPPLIER: Final = f"""coalesce((
    select concat('{{"id":"', {_id("Supplier", "s.id")}, '","name":', {_text("s.name")}, '}}')
    from suppliers s where s.id = p.manufacturer_id), 'null')"""
_CATEGORY: Final = f"""coalesce((
    select concat('{{"id":"', {_id("Category", "c.id")}, '","name":', {_text("c.name")}, '}}')
    from categories c where c.id = p.category_id), 'null')"""

_POINT: Final = f"""
select concat('{{"id":"', {_id("Product", "p.id")}, '","sku":', {_text("p.sku")}, ',"name":', {_text("p.name")},
    ',"dosage":', {_nullable("p.dosage")}, ',"packageSize":', {_nullable("p.package_size")},
    ',"status":"', upper(p.status), '","manufacturer":', {_SUPPLIER}, ',"category":', {_CATEGORY}, '}}')::varchar
from products p where p.id = $1
"""

_ITEM: Final = f"""
    '{{"id":"', {_id("OrderItem", "i.id")}, '","quantity":', i.quantity, ',"unitPrice":"', i.unit_price,
    '","total":"', i.total"""
_ORDER: Final = f"""
    '{{"id":"', {_id("Order", "o.id")}, '","orderDate":', {_text("o.order_date")}, ',"status":"', upper(o.status)"""

_ITEMS: Final = "from order_items i where i.order_id = o.id order by i.id"
_PLAIN_ITEMS: Final = _array(f"""concat({_ITEM}, '"}}')""", _ITEMS)
_ITEMS_WITH_PRODUCTS: Final = _array(
    f"""concat({_ITEM},
        '","product":{{"id":"', {_id("Product", "p.id")}, '","name":', {_text("p.name")}, ',"manufacturer":',
        case when s.id is null then 'null'
        else concat('{{"id":"', {_id("Supplier", "s.id")}, '","name":', {_text("s.name")}, '}}') end, '}}}}')""",
    """from order_items i join products p on p.id = i.product_id left join suppliers s on s.id = p.manufacturer_id
    where i.order_id = o.id order by i.id""",
)

_FEED: Final = f"""
select concat({_ORDER}, '","total":"', o.total, '","items":{{"nodes":[', {_ITEMS_WITH_PRODUCTS}, ']}}}}')::varchar
from (select * from orders order by id desc limit $1) o
"""

_FLAT: Final = f"""
select string_agg(concat(
    '{{"id":"', {_id("Product", "id")}, '","sku":', {_text("sku")}, ',"name":', {_text("name")},
    ',"description":', {_nullable("description")}, ',"activeIngredient":', {_nullable("active_ingredient")},
    ',"dosage":', {_nullable("dosage")}, ',"packageSize":', {_nullable("package_size")},
    ',"status":"', upper(status), '"}}'), ',')::varchar
from (select * from products order by id limit $1) p
"""

_PAGE: Final = f"""
select concat({_ORDER}, '","paymentStatus":"', upper(payment_status),
    '","paymentMethod":', {_nullable("payment_method")},
    ',"subtotal":"', subtotal, '","shippingCost":"', shipping_cost, '","total":"', total, '"}}')::varchar, id
from (select * from orders where id > $1 order by id limit $2) o
"""

# A month is found among the limits of the range's months: the time zone is asked for each month, not for each order.
_AGGREGATE: Final = f"""
select string_agg(concat('{{"key":{{"orderDate":"', months[month], '","customer":{{"region":', {_nullable("region")},
    '}}}},"count":', orders, ',"sum":{{"total":"', total, '"}}}}'), ',' order by month, region)::varchar
from (
    select months, width_bucket(o.order_date, limits) as month, c.region, count(*) orders, sum(o.total) total
    from orders o join customers c on c.id = o.customer_id, lateral (
        select array_agg(month::date) months, array_agg(timezone('America/Sao_Paulo', month)) limits
        from generate_series(
            date_trunc('month', timezone('America/Sao_Paulo', $2)), timezone('America/Sao_Paulo', $3), '1 month'
        ) month
    ) bounds
    where o.order_date >= $2 and o.order_date < $3 and o.status = any($1)
    group by 1, 2, 3
) groups
"""

_LAST_ORDERS: Final = _array(
    f"""concat({_ORDER}, '","total":"', o.total, '","items":{{"nodes":[', {_PLAIN_ITEMS}, ']}}}}')""",
    "from (select * from orders where customer_id = c.id order by id desc limit $2) o order by o.id",
)
_NESTED: Final = f"""
select concat('{{"id":"', {_id("Customer", "c.id")}, '","name":', {_text("c.name")}, ',"city":', {_nullable("c.city")},
    ',"orders":{{"nodes":[', {_LAST_ORDERS}, ']}}}}')::varchar
from (select * from customers order by id limit $1) c
"""


class BadVariables(Exception):
    """The variables are not what the request needs."""


class Connections:
    """A pool of connections that come back as they are: nothing of a request stays on them."""

    def __init__(self, plans: str) -> None:
        self._plans = plans
        self._pool: asyncpg.Pool | None = None

    async def open(self, url: str, size: int) -> None:
        """Connect."""
        self._pool = await asyncpg.create_pool(
            url,
            min_size=size,
            max_size=size,
            init=_pass_bytes,
            reset=_leave,
            server_settings={"plan_cache_mode": self._plans},
        )

    async def close(self) -> None:
        """End the connections."""
        if self._pool is not None:
            await self._pool.close()

    async def fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Run a statement and return its rows."""
        if self._pool is None:
            raise RuntimeError("the server has not started")
        return await self._pool.fetch(sql, *arguments)


async def _pass_bytes(connection: Any) -> None:
    await connection.set_type_codec("varchar", schema="pg_catalog", format="binary", encoder=str.encode, decoder=bytes)


async def _leave(_connection: Any) -> None:
    """Save the round trip by which the pool would reset what no request here has changed."""


# A plan that is made once is right where keys and limits are all that varies. For a range of dates it is not: made
# without knowing the range, it takes twice as long.
_keyed = Connections("force_generic_plan")
_ranged = Connections("force_custom_plan")


def _integer(variables: dict[str, Any], name: str) -> int:
    value = variables.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        raise BadVariables(f"{name} must be a number from 1 to {_MOST}")
    return value


def _key(entity: str, text: Any) -> int:
    try:
        name, _, number = base64.b64decode(text, validate=True).decode().partition(":")
    except (TypeError, ValueError, binascii.Error):
        raise BadVariables("the id cannot be read") from None
    if name != entity or not number.isdecimal():
        raise BadVariables(f"the id is none of {entity}")
    return int(number)


def _moment(value: Any) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise BadVariables("a date cannot be read") from None
    if moment.tzinfo is None:
        raise BadVariables("a date has no offset")
    return moment


async def _point(variables: dict[str, Any]) -> bytes:
    rows = await _keyed.fetch(_POINT, _key("Product", variables.get("id")))
    return b'{"data":{"product":' + (rows[0][0] if rows else b"null") + b"}}"


async def _feed(variables: dict[str, Any]) -> bytes:
    rows = await _keyed.fetch(_FEED, _integer(variables, "first"))
    return b'{"data":{"orders":{"nodes":[' + b",".join([row[0] for row in rows]) + b"]}}}"


async def _flat(variables: dict[str, Any]) -> bytes:
    rows = await _keyed.fetch(_FLAT, _integer(variables, "first"))
    return b'{"data":{"products":{"nodes":[' + (rows[0][0] or b"") + b"]}}}"


async def _deep_page(variables: dict[str, Any]) -> bytes:
    first = _integer(variables, "first")
    after = variables.get("after")
    rows = await _keyed.fetch(_PAGE, 0 if after is None else _key("after", after), first + 1)
    page = rows[:first]
    cursor = b'"' + base64.b64encode(f"after:{page[-1][1]}".encode()) + b'"' if page else b"null"
    return b"".join(
        (
            b'{"data":{"orders":{"nodes":[',
            b",".join([row[0] for row in page]),
            b'],"pageInfo":{"hasNextPage":',
            b"true" if len(rows) > first else b"false",
            b',"endCursor":',
            cursor,
            b"}}}}",
        )
    )


async def _aggregate(variables: dict[str, Any]) -> bytes:
    match variables:
        case {"where": {"orderDate": {"gte": since, "lt": before}, "status": {"in": [*words]}}}:
            if not _WORDS.issuperset(words):
                raise BadVariables("a status is none")
            statuses = [word.lower() for word in words]
            rows = await _ranged.fetch(_AGGREGATE, statuses, _moment(since), _moment(before))
            return b'{"data":{"ordersAggregate":[' + (rows[0][0] or b"") + b"]}}"
    raise BadVariables("where must have orderDate and status")


async def _nested(variables: dict[str, Any]) -> bytes:
    rows = await _keyed.fetch(_NESTED, _integer(variables, "first"), _integer(variables, "orders"))
    return b'{"data":{"customers":{"nodes":[' + b",".join([row[0] for row in rows]) + b"]}}}"


def _endpoint(answer: Callable[[dict[str, Any]], Awaitable[bytes]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            variables = orjson.loads(await request.body())["variables"]
            return Response(await answer(variables), media_type="application/json")
        except (BadVariables, orjson.JSONDecodeError, KeyError, TypeError) as error:
            return Response(orjson.dumps({"errors": [{"message": str(error)}]}), 400, media_type="application/json")

    return endpoint


@contextlib.asynccontextmanager
async def _lifespan(_app: Starlette) -> AsyncIterator[None]:
    url, size = os.environ["DATABASE_URL"], int(os.environ["POOL_SIZE"])
    await _keyed.open(url, size)
    await _ranged.open(url, size)
    yield
    await _keyed.close()
    await _ranged.close()


app = Starlette(
    routes=[
        Route(path, _endpoint(answer), methods=["POST"])
        for path, answer in {
            "/point": _point,
            "/feed": _feed,
            "/flat": _flat,
            "/deep-page": _deep_page,
            "/aggregate": _aggregate,
            "/nested": _nested,
        }.items()
    ],
    lifespan=_lifespan,
)
