"""The query root and the ASGI application."""

import os
from collections.abc import Sequence
from enum import Enum

import asyncpg
import strawberry
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from bench.peers.plain_strawberry.aggregates import OrderAggregate, OrderFilter, OrderGroupBy, revenue
from bench.peers.plain_strawberry.graph import (
    Customer,
    CustomerConnection,
    Info,
    Loaders,
    Order,
    OrderConnection,
    PageInfo,
    Product,
    ProductConnection,
    Row,
    global_id,
    key_of,
)


@strawberry.enum
class SortDirection(Enum):
    """Which way."""

    ASC = "asc"
    DESC = "desc"


@strawberry.enum
class OrderOrderField(Enum):
    """What orders can be ordered by."""

    DATABASE_ID = "id"


@strawberry.input
class OrderOrderBy:
    """An order of orders."""

    field: OrderOrderField
    direction: SortDirection = SortDirection.ASC


@strawberry.type
class Query:
    """What can be asked for."""

    @strawberry.field
    async def product(self, info: Info, id: strawberry.ID) -> Product | None:  # noqa: A002  the argument's name
        """One product."""
        found: Product | None = await info.context.product.load(key_of("Product", id))
        return found

    @strawberry.field
    async def products(self, info: Info, first: int) -> ProductConnection:
        """The first products."""
        rows = await info.context.pool.fetch("select * from products order by id limit $1", first)
        return ProductConnection(nodes=[Product(row) for row in rows])

    @strawberry.field
    async def customers(self, info: Info, first: int) -> CustomerConnection:
        """The first customers."""
        rows = await info.context.pool.fetch("select * from customers order by id limit $1", first)
        return CustomerConnection(nodes=[Customer(row) for row in rows])

    @strawberry.field
    async def orders(
        self, info: Info, first: int, after: str | None = None, order_by: list[OrderOrderBy] | None = None
    ) -> OrderConnection:
        """A page of orders."""
        key = 0 if after is None else key_of("after", after)
        if order_by and order_by[0].direction is SortDirection.DESC:
            sql = "select * from orders where $1 = 0 or id < $1 order by id desc limit $2"
        else:
            sql = "select * from orders where id > $1 order by id limit $2"
        return _page(await info.context.pool.fetch(sql, key, first + 1), first)

    @strawberry.field
    async def orders_aggregate(
        self,
        info: Info,
        where: OrderFilter,
        group_by: list[OrderGroupBy],  # noqa: ARG002  there is one grouping
    ) -> list[OrderAggregate]:
        """Revenue by month and region."""
        return await revenue(info.context.pool, where)


def _page(rows: Sequence[Row], first: int) -> OrderConnection:
    nodes = [Order(row) for row in rows[:first]]
    cursor = global_id("after", nodes[-1].key) if nodes else None
    return OrderConnection(nodes=nodes, page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=cursor))


class App(GraphQL[Loaders, None]):
    """Strawberry's view with a pool of connections."""

    _pool: asyncpg.Pool | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or open the pool when the server starts."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Loaders:  # noqa: ARG002  as the view calls it
        """Return new loaders."""
        if self._pool is None:
            raise RuntimeError("the server has not started")
        return Loaders(self._pool)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        url, size = os.environ["DATABASE_URL"], int(os.environ["POOL_SIZE"])
        self._pool = await asyncpg.create_pool(url, min_size=size, max_size=size)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._pool.close()
        await send({"type": "lifespan.shutdown.complete"})


app = App(strawberry.Schema(query=Query))
