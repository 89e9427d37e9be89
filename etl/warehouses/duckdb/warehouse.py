"""The raw layer in a DuckDB file: appends, and compaction beside them."""

import datetime as dt
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from etl.changes import Batch, Changes, CopiedColumns, CopyAgain, DeadLetter, Erase, Operation, SchemaChange, TableShape
from etl.warehouses.duckdb.compaction import compact, prune
from etl.warehouses.duckdb.copies import asked_copies, note_asked, note_columns
from etl.warehouses.duckdb.erasure import erase
from etl.warehouses.duckdb.gaps import note_gap
from etl.warehouses.duckdb.letters import kept_letters
from etl.warehouses.duckdb.raw_table import RawTable
from etl.warehouses.duckdb.redeeming import redeem
from etl.warehouses.duckdb.statements import CATALOGUE, first_row, quoted
from etl.warehouses.interface import HISTORY, Fenced, WarehouseUnavailable
from etl.warehouses.tables import DuckDBTables, Tables
from etl.worker import failpoints

_NOTHING: Final = -1
_PART_ROWS: Final = 50_000
MEMORY_BYTES: Final = 2**28
"""What a warehouse may use by default."""


class DuckDBWarehouse:
    """Owns a DuckDB file. Appends take turns; a compaction runs beside them, on a cursor of its own.

    `memory` is how many bytes DuckDB may use for everything that runs on the file, readers' queries too.
    """

    def __init__(self, path: Path | str, memory: int = MEMORY_BYTES) -> None:
        self.connection = duckdb.connect(str(path))
        self.connection.execute(f"set global memory_limit = '{memory // 2**20}MiB'")
        self.connection.execute("set global timezone = 'UTC'")
        self.connection.execute(CATALOGUE)
        self._writer = self.connection.cursor()
        self._tables: dict[str, RawTable] = {}
        self._owner: str | None = None
        self._is_forgetful = False
        self._append_turn = threading.Lock()
        self._compact_turn = threading.Lock()

    @property
    def tables(self) -> Sequence[Tables]:
        """All that is in the file."""
        return (DuckDBTables(self.connection),)

    @property
    def problem(self) -> None:
        """Nothing keeps readers from seeing what was taken in: they read it here."""

    def prepare(self, shapes: Sequence[TableShape]) -> None:
        """Make the tables that are missing, and bring the others into their shapes."""
        with self._writing():
            for shape in shapes:
                self._shape(shape)

    def fence(self, owner: str) -> None:
        """Become the one that writes."""
        with _explained(), self._append_turn:
            self._writer.execute("update raw.checkpoint set owner = ?", [owner])
            self._owner = owner

    def position(self) -> int | None:
        """Return the LSN up to which every commit is there, None before the first batch."""
        return self._checkpoint(self.connection.cursor())[0]

    def copied(self) -> Mapping[str, Sequence[str]]:
        """Return the tables that were copied whole since they got their columns, with those of the source."""
        found = self.connection.cursor().execute("select table_name, columns from raw.copy where load_id is not null")
        return {table: columns or [] for table, columns in found.fetchall()}

    def asked(self) -> Sequence[CopyAgain]:
        """Return the copies that batches asked for and that were not answered yet, in the order of their coming."""
        return asked_copies(self.connection.cursor())

    def answer(self, wanted: CopyAgain) -> None:
        """Forget that a copy was asked for: it can be read."""
        with self._writing(lambda: False):
            self._writer.execute("delete from raw.asked where id = ?", [wanted.id])

    def restart(self) -> None:
        """Forget the position and the copies, because the source lost changes or was set back."""
        with _explained(), self._writing():
            note_gap(self._writer, self._tables, self._checkpoint(self._writer)[0])
            self._writer.execute(
                "update raw.checkpoint set position = null; delete from raw.copy; delete from raw.asked"
            )
            for table in self._tables.values():
                table.cut_off()

    def append(self, batch: Batch) -> None:
        """Take a batch in, by the law of delivery; raises `Fenced` and `WarehouseUnavailable`."""
        with _explained(), self._writing(lambda: self._changes_tables(batch)):
            position, last_load, owner = self._checkpoint(self._writer)
            if owner != self._owner:
                raise Fenced("another worker has taken over the warehouse: stop this one")
            after, load_id = _NOTHING if position is None else position, last_load + 1
            self._reshape(batch)
            self._note(batch, load_id)
            self._take(batch, after, load_id)
            self._erase(batch, load_id)
            failpoints.reach("write")
            self._writer.execute(
                "update raw.checkpoint set position = greatest(?, position), load_id = ?", [batch.through, load_id]
            )
            failpoints.reach("checkpoint")
        failpoints.reach("commit")

    def compact(self, table: str) -> None:
        """Fold a table's newest changes into its base; what can be read stays the same."""
        with self._beside() as cursor:
            compact(cursor, self._tables[table].shape)

    def prune(self, keep: dt.timedelta = HISTORY) -> int:
        """Take changes away that are in a base and older than this; return how many."""
        with self._beside() as cursor:
            return sum(prune(cursor, table, dt.datetime.now(dt.UTC) - keep) for table in self._tables)

    def letters(self, table: str | None = None) -> Sequence[DeadLetter]:
        """Return the dead letters, of one table or all, in the order of the changes."""
        return kept_letters(self.connection.cursor(), table)

    def redeem(self, letter: DeadLetter, changes: Changes | None) -> bool:
        """Put a dead letter's change into its table, unless a newer one of the row is there; the letter goes."""
        with self._writing():
            table, load_id = self._tables[letter.table], self._checkpoint(self._writer)[1] + 1
            if changes is not None and table.lacks_columns(changes):
                table.widen(changes)
            is_redeemed = redeem(self._writer, table, letter, changes, load_id)
            self._writer.execute("update raw.checkpoint set load_id = ?", [load_id])
            table.recall()
        return is_redeemed

    def degraded(self) -> Mapping[str, Sequence[str]]:
        """Return the tables that lack something, each with the reasons: dead letters by column, and alerts."""
        found = self.connection.cursor().execute(
            "select table_name, column_name, reason, dead_letters from raw.degraded order by all"
        )
        reasons = defaultdict(list)
        for table, column, reason, count in found.fetchall():
            reasons[table].append(f"{column}: {reason}" + (f" ({count} dead letters)" if count else ""))
        return reasons

    def read(self, table: str) -> pa.Table:
        """Return a table as it stands."""
        return self.connection.cursor().sql(f"from raw.{table}").to_arrow_table()

    def batches(self, table: str, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Give these columns of a table, in parts, with everything that was taken in."""
        with self.connection.cursor() as cursor:
            yield from cursor.sql(f"select {quoted(names)} from raw.{table}").to_arrow_reader(_PART_ROWS)

    def close(self) -> None:
        """Let the file go."""
        self._writer.close()
        self.connection.close()

    def _shape(self, shape: TableShape) -> None:
        table = self._tables[shape.table] = RawTable(self._writer, shape)
        table.drop_waiting()

    def _changes_tables(self, batch: Batch) -> bool:
        """Tell whether a batch changes more than logs: that can't happen beside a compaction."""
        return (
            any(isinstance(control, Erase | SchemaChange) for control in batch.control)
            or any(self._tables[changes.table].lacks_columns(changes) for changes in batch.changes)
            or any(table.publishes(batch) for table in self._tables.values())
        )

    def _reshape(self, batch: Batch) -> None:
        for control in batch.control:
            if isinstance(control, SchemaChange):
                self._tables[control.shape.table] = RawTable(self._writer, control.shape)
        for changes in batch.changes:
            if self._tables[changes.table].lacks_columns(changes):
                self._tables[changes.table].widen(changes)

    def _note(self, batch: Batch, load_id: int) -> None:
        """Keep what is told of copies, and what is asked for."""
        for control in batch.control:
            if isinstance(control, CopiedColumns):
                note_columns(self._writer, control)
            elif isinstance(control, CopyAgain) and control.table in self._tables:
                note_asked(self._writer, control, load_id)

    def _take(self, batch: Batch, after: int, load_id: int) -> None:
        changes, letters = defaultdict(list), defaultdict(list)
        for part in batch.changes:
            changes[part.table].append(part)
        for letter in batch.dead:
            if letter.commit_lsn > after or letter.operation == Operation.SNAPSHOT:
                letters[letter.table].append(letter)
        for name, table in self._tables.items():
            if name in changes or name in letters or table.is_waiting:
                table.take(changes[name], letters[name], after, batch.through, load_id)

    def _erase(self, batch: Batch, load_id: int) -> None:
        for control in batch.control:
            if isinstance(control, Erase) and control.table in self._tables:
                known = replace(control, lsn=min(control.lsn, batch.through + 1)) if not batch.is_partial else control
                erase(self._writer, self._tables[control.table].shape, known, batch.through, load_id)

    def _checkpoint(self, cursor: duckdb.DuckDBPyConnection) -> tuple[int | None, int, str | None]:
        found = first_row(cursor, "select position, load_id, owner from raw.checkpoint")
        return (found[0], found[1], found[2]) if found else (None, 0, None)

    @contextmanager
    def _writing(self, is_exclusive: Callable[[], bool] = lambda: True) -> Iterator[None]:
        """Be the one that appends, within a transaction; exclusively, while nothing is compacted either."""
        with self._append_turn:
            if self._is_forgetful:
                for table in self._tables.values():
                    table.recall()
            # What tables remember is wrong after a transaction that failed.
            self._is_forgetful = True
            # Asked for within the turn: another append may have changed what this one does.
            with self._compact_turn if is_exclusive() else nullcontext(), _transaction(self._writer):
                yield
            self._is_forgetful = False

    @contextmanager
    def _beside(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Be the one that compacts, within a transaction beside the writer's."""
        with self._compact_turn:
            cursor = self.connection.cursor()
            try:
                with _transaction(cursor):
                    yield cursor
            finally:
                cursor.close()


@contextmanager
def _explained() -> Iterator[None]:
    """Tell a disk that is full, or memory, from what is wrong with a statement."""
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
        raise WarehouseUnavailable(f"DuckDB can't write ({type(error).__name__})") from error


@contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    cursor.execute("begin")
    try:
        yield
    except BaseException:
        # Some faults have ended the transaction already.
        with suppress(duckdb.Error):
            cursor.execute("rollback")
        raise
    cursor.execute("commit")
