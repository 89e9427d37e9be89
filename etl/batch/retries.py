"""The job that tries dead letters again: `retry`, with `table`."""

from collections.abc import Sequence

from etl.batch.history import History, Kind
from etl.batch.jobs import JobRefused, Tell, Words
from etl.changes import TableShape
from etl.dead_letters import retry
from etl.warehouses.interface import Warehouse


class RetryJob:
    """Reads dead letters of a warehouse again, in the shapes that its tables have now."""

    def __init__(self, warehouse: Warehouse, shapes: Sequence[TableShape], history: History) -> None:
        self._warehouse = warehouse
        self._shapes = shapes
        self._history = history

    def __call__(self, arguments: Words, _tell: Tell) -> Words:
        """Try again; the outcome tells how many found their place, and why others did not."""
        table = arguments.get("table")
        names = [shape.table for shape in self._shapes]
        if table is not None and table not in names:
            raise JobRefused(f"{table} does not land in the warehouse: name one of {', '.join(names)}")
        with self._history.noted(Kind.RETRY, str(arguments.get("origin") or "command")) as note:
            done = retry(self._warehouse, self._shapes, table)
            note.ended(good=True, rows=done.redeemed, detail=f"{done.left} left" if done.left else None)
        reasons = {name: list(why) for name, why in self._warehouse.degraded().items() if table in (None, name)}
        return {"good": not done.left, "redeemed": done.redeemed, "left": done.left, "reasons": reasons}
