"""BigQuery behind the interface of warehouses: the journal takes batches in, the mirror follows."""

import datetime as dt
import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from etl.changes import Batch, Changes, CopyAgain, DeadLetter, SchemaChange, TableShape
from etl.warehouses.bigquery.built import BuiltTables
from etl.warehouses.bigquery.claim import TAKEN
from etl.warehouses.bigquery.journal import Journal
from etl.warehouses.bigquery.mirror import Mirror
from etl.warehouses.bigquery.service import Place, Service
from etl.warehouses.duckdb.warehouse import MEMORY_BYTES, DuckDBWarehouse
from etl.warehouses.interface import HISTORY, Fenced
from etl.warehouses.owned import OwnedWarehouse
from etl.warehouses.tables import DuckDBTables, Tables

_LOG: Final = logging.getLogger(__name__)
_LONGEST_PAUSE: Final = 60.0


@dataclass(frozen=True)
class Pace:
    """How often things are done: seconds between two sendings, and between two foldings of a table."""

    sending: float = 1.0
    folding: float = 900.0


_PACE: Final = Pace()


class BigQueryWarehouse(OwnedWarehouse):
    """Takes batches into a journal, a DuckDB file that the worker owns, from which BigQuery follows by itself.

    What the law of delivery says is true of the journal at once, and of BigQuery as of its newest checkpoint. While
    BigQuery is down the journal grows, and the source does not. A journal that is lost is no harm but the time of
    copying all tables again.
    """

    def __init__(
        self, place: Place, journal: Path | str, pace: Pace = _PACE, patience: float = 600.0, memory: int = MEMORY_BYTES
    ) -> None:
        self._journal = DuckDBWarehouse(journal, memory)
        self._service = Service(place, patience)
        self._shapes: dict[str, TableShape] = {}
        self._notes = Journal(self._journal.connection)
        self._mirror = Mirror(self._service, self._notes, self._shapes)
        self._pace = pace
        self._folded: dict[str, float] = {}
        self._problem: str | None = None
        self._is_fenced = False
        self._stop = threading.Event()
        self._follower = threading.Thread(target=self._follow, name="bigquery-mirror", daemon=True)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The journal, in which the worker keeps the history of its jobs too."""
        return self._journal.connection

    @property
    def tables(self) -> Sequence[Tables]:
        """What the models built in BigQuery, and the raw tables as the journal has them."""
        return BuiltTables(self._service), DuckDBTables(self.connection, ("raw",))

    @property
    def problem(self) -> str | None:
        """Why BigQuery does not follow, None where it does."""
        return self._problem

    def prepare(self, shapes: Sequence[TableShape]) -> None:
        """Make the tables that are missing, and bring the others into their shapes; BigQuery follows its owner."""
        self._journal.prepare(shapes)
        self._shapes.update({shape.table: shape for shape in shapes})

    def fence(self, owner: str) -> None:
        """Become the one that writes: to the journal at once, to BigQuery as soon as it answers."""
        self._journal.fence(owner)
        self._mirror.sign(owner)
        self._is_fenced = False
        if not self._follower.is_alive():
            self._follower.start()

    def position(self) -> int | None:
        """Return the LSN up to which every commit is in the journal, None before the first batch."""
        return self._journal.position()

    def copied(self) -> Mapping[str, Sequence[str]]:
        """Return the tables that were copied whole since they got their columns, with those of the source."""
        return self._journal.copied()

    def asked(self) -> Sequence[CopyAgain]:
        """Return the copies that batches asked for and that were not answered yet, in the order of their coming."""
        return self._journal.asked()

    def answer(self, wanted: CopyAgain) -> None:
        """Forget that a copy was asked for."""
        self._journal.answer(wanted)

    def restart(self) -> None:
        """Forget the position and the copies, because the source lost changes or was set back."""
        self._journal.restart()
        self._mirror.renew()

    def append(self, batch: Batch) -> None:
        """Take a batch in, by the law of delivery; raises `Fenced` and `WarehouseUnavailable`."""
        self._check_owner()
        self._journal.append(batch)
        for control in batch.control:
            if isinstance(control, SchemaChange):
                self._shapes[control.shape.table] = control.shape

    def compact(self, table: str) -> None:
        """Fold a table's newest changes into its base, in BigQuery with a sending when its time has come."""
        self._check_owner()
        self._journal.compact(table)
        if time.monotonic() - self._folded.get(table, -math.inf) >= self._pace.folding:
            self._mirror.fold(table)
            self._folded[table] = time.monotonic()

    def prune(self, keep: dt.timedelta = HISTORY) -> int:
        """Take changes away that are in a base and older than this; return how many of the journal.

        BigQuery is told with the next sending.
        """
        self._mirror.prune(dt.datetime.now(dt.UTC) - keep)
        return self._journal.prune(keep)

    def letters(self, table: str | None = None) -> Sequence[DeadLetter]:
        """Return the dead letters, which stay in the journal."""
        return self._journal.letters(table)

    def redeem(self, letter: DeadLetter, changes: Changes | None) -> bool:
        """Put a dead letter's change into its table, unless a newer one of the row is there; the letter goes."""
        return self._journal.redeem(letter, changes)

    def degraded(self) -> Mapping[str, Sequence[str]]:
        """Return the tables that lack something, each with the reasons; all of them while BigQuery does not follow."""
        found = {table: list(reasons) for table, reasons in self._journal.degraded().items()}
        if self._problem is not None:
            for table in self._shapes:
                found.setdefault(table, []).append(self._problem)
        return found

    def read(self, table: str) -> pa.Table:
        """Return a table as it stands in BigQuery, once that has followed."""
        try:
            return self._mirror.read(table)
        except Fenced:
            self._let_go()
            raise

    def batches(self, table: str, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Give these columns of a table, in parts, with everything that was taken in: BigQuery may not have it yet."""
        return self._journal.batches(table, names)

    def close(self) -> None:
        """Let journal and clients go; what was not sent is sent when it is opened again."""
        self._stop.set()
        self._service.give_up()
        if self._follower.is_alive():
            self._follower.join()
        self._notes.close()
        self._service.close()
        self._journal.close()

    def _check_owner(self) -> None:
        if self._is_fenced:
            raise Fenced(TAKEN)

    def _let_go(self) -> None:
        self._is_fenced = True
        self._mirror.release()

    def _follow(self) -> None:
        """Send what comes until `close`; a fault is logged by its kind, shown as a problem, and tried again.

        Where another worker has taken over, nothing is sent until this one fences again.
        """
        pause = self._pace.sending
        while not self._stop.wait(pause):
            if self._is_fenced:
                continue
            try:
                self._mirror.advance()
                self._problem, pause = None, self._pace.sending
            except Fenced:
                self._let_go()
            except Exception as fault:  # noqa: BLE001 - whatever it is, the journal goes on
                self._problem = f"BigQuery does not follow: {type(fault).__name__}"
                pause = min(pause * 2, _LONGEST_PAUSE)
                _LOG.warning("bigquery does not follow", extra={"fault": type(fault).__name__})
