"""Which values are possible, as conditions on rows; a null is no value, and breaks none of them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Range:
    """A condition that holds for every row of a table. What is only `is_odd` is worth a look, and no fault.

    Up to `tolerated_share` of the rows, from 0 to 1, may break it.
    """

    table: str
    name: str
    holds: str
    is_odd: bool = False
    tolerated_share: float = 0.0


# Moments of one row come from several clocks, of which some are wrong now and then.
_CLOCKS: Final = 0.001

RANGES: Final = (
    Range("pricing", "price", "price > 0"),
    Range("pricing", "effective_to", "effective_to > effective_from"),
    Range("order_items", "quantity", "quantity > 0"),
    Range("order_items", "unit_price", "unit_price >= 0"),
    Range("order_items", "discount", "discount >= 0"),
    Range("order_items", "tax", "tax >= 0"),
    Range("order_items", "total", "total >= 0"),
    Range(
        "order_items", "total is the line's sum", "abs(unit_price * quantity - discount + tax - total) <= 0.01", True
    ),
    Range("orders", "total", "total >= 0"),
    Range("orders", "delivered_at", "delivered_at >= shipped_at", is_odd=True, tolerated_share=_CLOCKS),
    Range("orders", "shipped_at", "shipped_at >= order_date", is_odd=True, tolerated_share=_CLOCKS),
    Range("orders", "order_date", "order_date <= now() + interval 1 day"),
    Range("customers", "credit_limit", "credit_limit >= 0"),
    Range("inventory", "quantity_available", "quantity_available >= 0"),
    Range("inventory", "quantity_reserved", "quantity_reserved >= 0"),
    Range("inventory", "quantity_incoming", "quantity_incoming >= 0"),
    Range("inventory", "reorder_point", "reorder_point >= 0"),
    Range("purchase_orders", "quantity_ordered", "quantity_ordered > 0"),
    Range("purchase_orders", "quantity_received", "quantity_received >= 0"),
    Range("purchase_orders", "unit_cost", "unit_cost > 0"),
    Range("purchase_orders", "received_at", "received_at >= ordered_at", is_odd=True, tolerated_share=_CLOCKS),
    Range("customer_interactions", "resolution_time_minutes", "resolution_time_minutes >= 0"),
)
