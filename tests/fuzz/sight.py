"""The rows of a data set that somebody has a right to see, or to count."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from schema.model import Link, Model
from tests.fuzz.rights import AGGREGATE, ALL, OWN, TERRITORY, TIER, Rights
from tests.model.world import GRAPH
from tests.rows import Data, Row

Reaches = frozenset[str]


@dataclass(frozen=True)
class View:
    """The data as somebody sees it or, with `counting`, as it is counted for them."""

    data: Data
    rights: Rights
    counting: bool = False
    _rows: dict[str, list[Row]] = field(default_factory=dict)
    _linked: dict[tuple[str, str], dict[Any, list[Row]]] = field(default_factory=dict)
    _keys: dict[str, frozenset[int]] = field(default_factory=dict)

    def rows(self, model: Model) -> list[Row]:
        """Return the rows of an entity, in the order of keys."""
        if model.name not in self._rows:
            reaches = self.rights.of(model.name)
            if AGGREGATE in reaches:
                reaches = frozenset({ALL}) if self.counting else reaches - {AGGREGATE}
            shows = _SHOWS[model.name]
            self._rows[model.name] = [row for row in self.data.tables[model.table.name] if shows(self, reaches, row)]
        return self._rows[model.name]

    def linked(self, link: Link, row: Row) -> list[Row]:
        """Return the rows that a link leads to."""
        at = (link.target, link.remote.name)
        if at not in self._linked:
            found: dict[Any, list[Row]] = {}
            for other in self.rows(GRAPH[link.target]):
                found.setdefault(other[link.remote.name], []).append(other)
            self._linked[at] = found
        start = row[link.local.name]
        return [] if start is None else self._linked[at].get(start, [])

    def may_read(self, model: Model, row: Row) -> bool:
        """Tell whether a row may be read, and not only counted."""
        if not self.counting:
            return True
        if model.name not in self._keys:
            readable = View(self.data, self.rights).rows(model)
            self._keys[model.name] = frozenset(other["id"] for other in readable)
        return row["id"] in self._keys[model.name]


def _of_catalogue(_view: View, reaches: Reaches, _row: Row) -> bool:
    return ALL in reaches


def _of_pharmacy(view: View, reaches: Reaches, pharmacy: Row | None) -> bool:
    """Tell whether what belongs to a pharmacy is seen."""
    principal = view.rights.principal
    if ALL in reaches or pharmacy is None:
        return ALL in reaches
    is_own = OWN in reaches and pharmacy["id"] == principal.customer_id
    return is_own or (TERRITORY in reaches and pharmacy["region"] in principal.regions)


def _of_tier(view: View, reaches: Reaches, price: Row) -> bool:
    if ALL in reaches or TIER not in reaches:
        return ALL in reaches
    pharmacy = view.data.row("customers", view.rights.principal.customer_id)
    tier = price["customer_tier_id"]
    return tier is None or (pharmacy is not None and tier == pharmacy["tier_id"])


def _of_warehouse(view: View, reaches: Reaches, warehouse: int) -> bool:
    named = view.rights.principal.warehouse_ids
    return ALL in reaches and (not named or warehouse in named)


def _pharmacy(view: View, key: int) -> Row | None:
    return view.data.row("customers", key)


def _of_order(view: View, reaches: Reaches, line: Row) -> bool:
    order = view.data.row("orders", line["order_id"])
    return order is not None and _of_pharmacy(view, reaches, _pharmacy(view, order["customer_id"]))


_SHOWS: Mapping[str, Callable[[View, Reaches, Row], bool]] = {
    "CustomerTier": _of_catalogue,
    "Category": _of_catalogue,
    "Supplier": _of_catalogue,
    "Product": _of_catalogue,
    "Price": _of_tier,
    "Customer": _of_pharmacy,
    "Order": lambda view, reaches, row: _of_pharmacy(view, reaches, _pharmacy(view, row["customer_id"])),
    "OrderItem": _of_order,
    "Interaction": lambda view, reaches, row: _of_pharmacy(view, reaches, _pharmacy(view, row["customer_id"])),
    "Warehouse": lambda view, reaches, row: _of_warehouse(view, reaches, row["id"]),
    "InventoryItem": lambda view, reaches, row: _of_warehouse(view, reaches, row["warehouse_id"]),
    "AuditRecord": _of_catalogue,
    "PurchaseOrder": lambda view, reaches, row: _of_warehouse(view, reaches, row["warehouse_id"]),
}
