"""Demo data made once for all tests that look into it."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from etl.demo import COLUMNS, DemoPlan, rows

Made = dict[str, Any]

# A Monday long enough after July 2026 for companies with letters in their CNPJ.
UNTIL = dt.date(2026, 11, 23)


@dataclass(frozen=True)
class DemoData:
    """All rows of a plan by table, each as a dictionary."""

    plan: DemoPlan
    tables: dict[str, list[Made]]

    def __getitem__(self, table: str) -> list[Made]:
        return self.tables[table]

    @cached_property
    def by_id(self) -> dict[str, dict[int, Made]]:
        return {table: {row["id"]: row for row in found} for table, found in self.tables.items()}

    @cached_property
    def lines(self) -> dict[int, list[Made]]:
        """The items of each order."""
        found: dict[int, list[Made]] = defaultdict(list)
        for item in self["order_items"]:
            found[item["order_id"]].append(item)
        return found

    def customer_of(self, order: Made) -> Made:
        return self.by_id["customers"][order["customer_id"]]

    def category_of(self, item: Made) -> str:
        product = self.by_id["products"][item["product_id"]]
        return str(self.by_id["categories"][product["category_id"]]["name"])


def make(plan: DemoPlan) -> DemoData:
    tables: dict[str, list[Made]] = {table: [] for table in COLUMNS}
    for table, part in rows(plan):
        tables[table] += (dict(zip(COLUMNS[table], row, strict=True)) for row in part)
    return DemoData(plan, tables)
