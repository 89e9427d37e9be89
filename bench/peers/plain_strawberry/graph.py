"""Types with their resolvers, and a dataloader for each link: each level of an answer is one statement."""

import base64
import datetime as dt
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any

import asyncpg
import strawberry
from strawberry.dataloader import DataLoader

Row = asyncpg.Record
Info = strawberry.Info["Loaders", None]


class Loaders:
    """The dataloaders of one request."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.supplier = DataLoader(self._one("select id, name from suppliers where id = any($1)", Supplier))
        self.category = DataLoader(self._one("select id, name from categories where id = any($1)", Category))
        self.product = DataLoader(self._one("select * from products where id = any($1)", Product))
        self.items = DataLoader(self._many("select * from order_items where order_id = any($1) order by id"))
        self.last_orders: dict[int, DataLoader[int, list[Order]]] = {}

    def last_orders_of(self, count: int) -> "DataLoader[int, list[Order]]":
        """Return the loader of so many last orders of customers."""
        if count not in self.last_orders:
            self.last_orders[count] = DataLoader(self._last_orders(count))
        return self.last_orders[count]

    def _one(self, sql: str, made: Callable[[Row], Any]) -> Callable[[Sequence[int]], Awaitable[list[Any]]]:
        async def load(keys: Sequence[int]) -> list[Any]:
            found = {row["id"]: made(row) for row in await self.pool.fetch(sql, keys)}
            return [found.get(key) for key in keys]

        return load

    def _many(self, sql: str) -> "Callable[[Sequence[int]], Awaitable[list[list[OrderItem]]]]":
        async def load(keys: Sequence[int]) -> list[list[OrderItem]]:
            found: dict[int, list[OrderItem]] = defaultdict(list)
            for row in await self.pool.fetch(sql, keys):
                found[row["order_id"]].append(OrderItem(row))
            return [found[key] for key in keys]

        return load

    def _last_orders(self, count: int) -> "Callable[[Sequence[int]], Awaitable[list[list[Order]]]]":
        sql = """
            select o.* from unnest($1::bigint[]) as customer(id), lateral (
                select * from orders where customer_id = customer.id order by id desc limit $2
            ) o order by o.id
        """

        async def load(keys: Sequence[int]) -> list[list[Order]]:
            found: dict[int, list[Order]] = defaultdict(list)
            for row in await self.pool.fetch(sql, keys, count):
                found[row["customer_id"]].append(Order(row))
            return [found[key] for key in keys]

        return load


def global_id(entity: str, key: int) -> strawberry.ID:
    """Return an id that is unique in the graph."""
    return strawberry.ID(base64.b64encode(f"{entity}:{key}".encode()).decode())


def key_of(entity: str, text: str) -> int:
    """Return the key that a global id holds."""
    name, _, key = base64.b64decode(text, validate=True).decode().partition(":")
    if name != entity:
        raise ValueError(f"this is no id of {entity}")
    return int(key)


@strawberry.type
class Supplier:
    """A laboratory."""

    id: strawberry.ID
    name: str

    def __init__(self, row: Row) -> None:
        self.id = global_id("Supplier", row["id"])
        self.name = row["name"]


@strawberry.type
class Category:
    """A group of medicines."""

    id: strawberry.ID
    name: str

    def __init__(self, row: Row) -> None:
        self.id = global_id("Category", row["id"])
        self.name = row["name"]


@strawberry.enum
class ProductStatus(Enum):
    """Whether a medicine is sold."""

    ACTIVE = "active"
    DISCONTINUED = "discontinued"


@strawberry.enum
class OrderStatus(Enum):
    """Where an order stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


@strawberry.enum
class PaymentStatus(Enum):
    """Where a payment stands."""

    PENDING = "pending"
    PAID = "paid"
    REFUNDED = "refunded"
    FAILED = "failed"


@strawberry.type
class Product:
    """A medicine."""

    id: strawberry.ID
    sku: str
    name: str
    description: str | None
    active_ingredient: str | None
    dosage: str | None
    package_size: str | None
    status: ProductStatus
    manufacturer_id: strawberry.Private[int | None]
    category_id: strawberry.Private[int | None]

    def __init__(self, row: Row) -> None:
        self.id = global_id("Product", row["id"])
        self.sku = row["sku"]
        self.name = row["name"]
        self.description = row["description"]
        self.active_ingredient = row["active_ingredient"]
        self.dosage = row["dosage"]
        self.package_size = row["package_size"]
        self.status = ProductStatus(row["status"])
        self.manufacturer_id = row["manufacturer_id"]
        self.category_id = row["category_id"]

    @strawberry.field
    async def manufacturer(self, info: Info) -> Supplier | None:
        """The laboratory."""
        return await info.context.supplier.load(self.manufacturer_id) if self.manufacturer_id else None

    @strawberry.field
    async def category(self, info: Info) -> Category | None:
        """The group."""
        return await info.context.category.load(self.category_id) if self.category_id else None


@strawberry.type
class OrderItem:
    """A line of an order."""

    id: strawberry.ID
    quantity: int
    unit_price: Decimal
    total: Decimal
    product_id: strawberry.Private[int]

    def __init__(self, row: Row) -> None:
        self.id = global_id("OrderItem", row["id"])
        self.quantity = row["quantity"]
        self.unit_price = row["unit_price"]
        self.total = row["total"]
        self.product_id = row["product_id"]

    @strawberry.field
    async def product(self, info: Info) -> Product:
        """The medicine."""
        found: Product = await info.context.product.load(self.product_id)
        return found


@strawberry.type
class PageInfo:
    """Where a page lies."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class OrderItemConnection:
    """Lines of an order."""

    nodes: list[OrderItem]


@strawberry.type
class Order:
    """A purchase."""

    id: strawberry.ID
    order_date: dt.datetime
    status: OrderStatus
    payment_status: PaymentStatus
    payment_method: str | None
    subtotal: Decimal
    shipping_cost: Decimal
    total: Decimal
    key: strawberry.Private[int]

    def __init__(self, row: Row) -> None:
        self.key = row["id"]
        self.id = global_id("Order", self.key)
        self.order_date = row["order_date"]
        self.status = OrderStatus(row["status"])
        self.payment_status = PaymentStatus(row["payment_status"])
        self.payment_method = row["payment_method"]
        self.subtotal = row["subtotal"]
        self.shipping_cost = row["shipping_cost"]
        self.total = row["total"]

    @strawberry.field
    async def items(self, info: Info) -> OrderItemConnection:
        """The lines."""
        return OrderItemConnection(nodes=await info.context.items.load(self.key))


@strawberry.type
class OrderConnection:
    """A page of orders."""

    nodes: list[Order]
    page_info: PageInfo


@strawberry.type
class Customer:
    """A pharmacy."""

    id: strawberry.ID
    name: str
    city: str | None
    key: strawberry.Private[int]

    def __init__(self, row: Row) -> None:
        self.key = row["id"]
        self.id = global_id("Customer", self.key)
        self.name = row["name"]
        self.city = row["city"]

    @strawberry.field
    async def orders(self, info: Info, last: int) -> OrderConnection:
        """The last orders."""
        found = await info.context.last_orders_of(last).load(self.key)
        return OrderConnection(nodes=found, page_info=PageInfo(has_next_page=False, end_cursor=None))


@strawberry.type
class CustomerConnection:
    """A page of customers."""

    nodes: list[Customer]


@strawberry.type
class ProductConnection:
    """A page of products."""

    nodes: list[Product]
