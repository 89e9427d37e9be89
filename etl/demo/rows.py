"""The rows of a plan, table by table, in an order in which no row refers to a later one."""

from collections.abc import Iterable, Iterator
from itertools import islice

from etl.demo.catalogue import catalogue, categories
from etl.demo.laboratories import companies
from etl.demo.orders import OrderBook, Row
from etl.demo.pharmacies import pharmacies
from etl.demo.places import centres
from etl.demo.plan import DemoPlan
from etl.demo.prices import TIERS, PriceList
from etl.demo.purchasing import Purchasing
from etl.demo.stock import Stock

_MADE_AND_CHANGED = ("created_at", "updated_at")

COLUMNS: dict[str, tuple[str, ...]] = {
    "customer_tiers": ("id", "name"),
    "categories": ("id", "name", "parent_id"),
    "suppliers": (
        *("id", "name", "cnpj", "type", "contact_info", "payment_terms", "region", "status"),
        *_MADE_AND_CHANGED,
    ),
    "warehouses": ("id", "name", "city", "state"),
    "products": (
        *("id", "sku", "name", "description", "category_id", "manufacturer_id", "active_ingredient", "dosage"),
        *("package_size", "regulatory_code", "is_generic", "status", *_MADE_AND_CHANGED),
    ),
    "pricing": ("id", "product_id", "customer_tier_id", "price", "effective_from", "effective_to", "created_at"),
    "customers": (
        *("id", "name", "cnpj", "email", "phone", "address", "city", "state", "region", "tier_id"),
        *("credit_limit", "payment_terms", "status", *_MADE_AND_CHANGED),
    ),
    "orders": (
        *("id", "customer_id", "order_date", "status", "subtotal", "tax", "shipping_cost", "total"),
        *("payment_method", "payment_status", "shipping_address", "notes", "shipped_at", "delivered_at"),
        *("promised_at", *_MADE_AND_CHANGED),
    ),
    "order_items": ("id", "order_id", "product_id", "quantity", "unit_price", "discount", "tax", "total"),
    "customer_interactions": (
        *("id", "customer_id", "order_id", "interaction_date", "channel", "type", "subject", "message"),
        *("resolved", "resolution_time_minutes", "agent_type", "created_at"),
    ),
    "purchase_orders": (
        *("id", "supplier_id", "product_id", "warehouse_id", "quantity_ordered", "quantity_received", "unit_cost"),
        *("status", "ordered_at", "expected_at", "received_at", "created_at"),
    ),
    "inventory": (
        *("id", "product_id", "warehouse_id", "quantity_available", "quantity_reserved", "quantity_incoming"),
        *("reorder_point", "last_updated"),
    ),
}
"""The columns that rows have, by table."""


def rows(plan: DemoPlan, chunk: int = 5_000) -> Iterator[tuple[str, list[Row]]]:
    """Give the tables' rows in chunks, `(table, rows)`; what they hold does not depend on the size of chunks.

    Memory is bounded by the number of products and customers, not by that of orders.
    """
    suppliers = companies(plan)
    products = catalogue(plan, suppliers)
    prices = PriceList(plan, products)
    customers = pharmacies(plan)
    book = OrderBook(plan, customers, products, prices)
    yield "customer_tiers", list(enumerate(TIERS, 1))
    yield "categories", [(group.id, group.name, group.parent_id) for group in categories()]
    yield "suppliers", [company.row(plan) for company in suppliers]
    yield "warehouses", [(centre.id, f"CD {centre.city}", centre.city, centre.uf) for centre in centres()]
    yield from _chunks("products", (product.row(plan) for product in products), chunk)
    yield from _chunks("pricing", prices.rows(), chunk)
    yield from _chunks("customers", (customer.row(plan) for customer in customers), chunk)
    for batch in book.batches(chunk):
        yield "orders", batch.orders
        yield "order_items", batch.items
        yield "customer_interactions", batch.contacts
    stock = Stock(plan, products, book)
    purchasing = Purchasing(plan, products, suppliers, prices, stock)
    yield from _chunks("purchase_orders", purchasing.rows(book.lines), chunk)
    yield from _chunks("inventory", stock.rows(), chunk)


def _chunks(table: str, found: Iterable[Row], chunk: int) -> Iterator[tuple[str, list[Row]]]:
    remaining = iter(found)
    while part := list(islice(remaining, chunk)):
        yield table, part
