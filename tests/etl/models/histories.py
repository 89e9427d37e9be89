"""Random histories of a source, taken in by a warehouse: late, copied, truncated, set back, erased, under new keys."""

import copy
import datetime as dt
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from etl.changes import Batch, Changes, DeadLetter, Erase, Operation, copy_begins, copy_ends, table_shapes
from etl.warehouses.duckdb.warehouse import DuckDBWarehouse
from schema.entities import ENTITIES

Row = dict[str, Any]
State = dict[str, dict[int, Row]]

SHAPES: Final = {shape.table: shape for shape in table_shapes(ENTITIES)}
_KEYS: Final = {"customers": 6, "orders": 30, "order_items": 60, "inventory": 6}
_KEYS_OF_OTHERS: Final = 8
_CHANGED: Final = (
    *("customers", "customers", "orders", "order_items", "order_items", "purchase_orders", "inventory"),
    "customer_interactions",
)


class History:
    """A source of a few rows, and the warehouse that hears of it; `seed` decides what happens.

    With `has_copies` tables are copied again while changes come, and the source is set back to earlier states.
    """

    def __init__(self, warehouse: DuckDBWarehouse, seed: int, *, has_copies: bool) -> None:
        self.chance = random.Random(seed)
        self._warehouse = warehouse
        self._noon = dt.datetime.now(dt.UTC).replace(hour=15, minute=0, second=0, microsecond=0)
        self._days = 20
        self._lsn = 1000
        self._state: State = {table: {} for table in SHAPES}
        self._state["products"] = {key: self._row("products", key) for key in range(1, 4)}
        for table in dict.fromkeys(_CHANGED):
            keys = range(1, _KEYS.get(table, _KEYS_OF_OTHERS), 2)
            self._state[table] = {key: self._row(table, key) for key in keys}
        self._earlier: list[tuple[int, State]] = []
        self._copies: list[tuple[str, int, dict[int, Row]]] = []
        self._letters: list[tuple[DeadLetter, Changes]] = []
        self._kinds = {self._commit: 30, self._compact: 3, self._redeem: 6, self._erase: 2}
        if has_copies:
            self._kinds |= {self._begin_copy: 2, self._end_copy: 2, self._set_back: 3}
        warehouse.prepare(list(SHAPES.values()))
        self._copy_all()

    def step(self) -> None:
        """Let something happen."""
        self.chance.choices(list(self._kinds), list(self._kinds.values()))[0]()

    def _commit(self) -> None:
        self._earlier = [*self._earlier[-4:], (self._lsn, copy.deepcopy(self._state))]
        self._lsn += 10
        made = [change for _ in range(self.chance.randint(1, 4)) for change in self._change()]
        at = self._moment()
        numbered = [(table, {**row, "_seq": seq}) for seq, (table, row) in enumerate(made)]
        dead = [one for one in numbered if one[1]["_op"] != Operation.TRUNCATE and self.chance.random() < 0.1]
        kept = [(table, self._changes(table, [row], at)) for table, row in numbered if (table, row) not in dead]
        letters = [self._letter(table, row, at) for table, row in dead]
        self._warehouse.append(Batch(self._lsn, [changes for _, changes in kept], [letter for letter, _ in letters]))
        self._letters += letters

    def _change(self) -> list[tuple[str, Row]]:
        table = self.chance.choice(_CHANGED)
        rows, chance = self._state[table], self.chance.random()
        key = self.chance.randint(1, _KEYS.get(table, _KEYS_OF_OTHERS))
        if chance < (0.05 if table == "customer_interactions" else 0.005):
            rows.clear()
            return [(table, {"_op": Operation.TRUNCATE})]
        if key not in rows:
            rows[key] = self._row(table, key)
            return [(table, {"_op": Operation.INSERT, "_key": key, **rows[key]})]
        if chance < 0.1:
            del rows[key]
            return [(table, {"_op": Operation.DELETE, "_key": key, "id": key})]
        free = [one for one in range(1, _KEYS.get(table, _KEYS_OF_OTHERS) + 1) if one not in rows]
        if chance < 0.2 and free and table != "inventory":
            moved = self.chance.choice(free)
            rows[moved] = {**rows.pop(key), "id": moved}
            gone = {"_op": Operation.DELETE, "_key": key, "id": key}
            return [(table, gone), (table, {"_op": Operation.INSERT, "_key": moved, "_old_key": key, **rows[moved]})]
        rows[key] = self._row(table, key)
        return [(table, {"_op": Operation.UPDATE, "_key": key, **rows[key]})]

    def _begin_copy(self) -> None:
        table = self.chance.choice(_CHANGED)
        self._copies.append((table, self._lsn, copy.deepcopy(self._state[table])))

    def _end_copy(self) -> None:
        if self._copies:
            self._copy(*self._copies.pop(0))
            self._warehouse.append(Batch(self._lsn))

    def _copy(self, table: str, lsn: int, rows: dict[int, Row]) -> None:
        shape = SHAPES[table]
        made = [
            {"_op": Operation.SNAPSHOT, "_key": key, "_seq": seq, **row} for seq, (key, row) in enumerate(rows.items())
        ]
        parts = [self._changes(table, made, self._moment(), lsn)] if made else []
        self._warehouse.append(Batch(0, [copy_begins(shape, lsn), *parts, copy_ends(shape, lsn)], is_partial=True))

    def _copy_all(self) -> None:
        self._warehouse.restart()
        for table, rows in self._state.items():
            self._copy(table, self._lsn, rows)
        self._warehouse.append(Batch(self._lsn))

    def _set_back(self) -> None:
        if self._earlier:
            self._lsn, self._state = self.chance.choice(self._earlier)
            self._lsn += 1
            self._state = copy.deepcopy(self._state)
            self._earlier, self._copies, self._letters = [], [], []
            self._copy_all()

    def _redeem(self) -> None:
        if self._letters:
            self._warehouse.redeem(*self._letters.pop(self.chance.randrange(len(self._letters))))

    def _erase(self) -> None:
        self._lsn += 10
        key = self.chance.randint(1, _KEYS["customers"])
        if key in self._state["customers"]:
            self._warehouse.append(Batch(self._lsn, control=[Erase("customers", key, self._lsn)]))

    def _compact(self) -> None:
        self._warehouse.compact(self.chance.choice(_CHANGED))

    def _moment(self) -> dt.datetime:
        """Return a time of a commit: mostly later than the one before, and some steps back by days."""
        self._days = max(self._days - self.chance.choice([0, 0, 0, 1]), 0)
        back = self.chance.choice([0, 0, 0, 0, 0, 3])
        return self._noon - dt.timedelta(days=self._days + back, minutes=self.chance.randint(0, 900))

    def _letter(self, table: str, row: Row, at: dt.datetime) -> tuple[DeadLetter, Changes]:
        changes = self._changes(table, [row], at)
        place = (table, self._lsn, row["_seq"], row["_key"])
        return (
            DeadLetter(*place, "", "unfit", b"raw", row["_op"], row.get("_old_key"), committed_at=at),
            changes,
        )

    def _changes(self, table: str, rows: Sequence[Row], at: dt.datetime, lsn: int | None = None) -> Changes:
        meta = {"_commit_lsn": self._lsn if lsn is None else lsn, "_committed_at": at, "_unchanged": 0}
        return Changes(table, pa.RecordBatch.from_pylist([{**meta, **row} for row in rows], SHAPES[table].records))

    def _row(self, table: str, key: int) -> Row:
        """Return a row of a table, whatever it refers to."""
        chance = self.chance
        day = self._noon - dt.timedelta(days=chance.randint(0, 90), minutes=chance.randint(0, 1440))
        later = day + dt.timedelta(hours=chance.randint(1, 90))
        price = Decimal(chance.randint(1, 9))
        quantity = chance.randint(1, 9)
        product = chance.randint(1, 3)
        match table:
            case "products":
                row: Row = {"sku": f"S{key}", "name": f"P{key}", "status": "active", "is_generic": False}
            case "customers":
                row = {
                    "name": f"C{key}",
                    "region": chance.choice(["Norte", "Sul", "Sudeste"]),
                    "status": "active",
                    "created_at": day,
                }
            case "orders":
                row = {
                    "customer_id": chance.randint(1, 6),
                    "order_date": day,
                    "status": chance.choice(["pending", "delivered", "cancelled"]),
                    "payment_method": "pix",
                    "shipped_at": later,
                    "promised_at": chance.choice([None, later]),
                }
            case "order_items":
                amounts = {"unit_price": price, "discount": price / 10, "tax": price / 5, "total": price * quantity}
                row = {
                    "order_id": chance.randint(1, _KEYS["orders"]),
                    "product_id": product,
                    "quantity": quantity,
                    **amounts,
                }
            case "purchase_orders":
                row = {
                    "supplier_id": 1,
                    "product_id": product,
                    "warehouse_id": 1,
                    "quantity_ordered": quantity,
                    "quantity_received": quantity,
                    "unit_cost": price,
                    "status": chance.choice(["received", "received", "ordered"]),
                    "ordered_at": day,
                    "received_at": later,
                }
            case "inventory":
                row = {
                    "product_id": key % 3 + 1,
                    "warehouse_id": key // 3 + 1,
                    "quantity_available": quantity,
                    "quantity_reserved": 0,
                }
            case _:
                row = {
                    "customer_id": chance.randint(1, 6),
                    "interaction_date": day,
                    "channel": "phone",
                    "type": chance.choice(["complaint", "question"]),
                    "resolved": chance.random() < 0.5,
                    "agent_type": "human",
                }
        return {"id": key, **row}
