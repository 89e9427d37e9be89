"""The journal as the mirror reads it: loads in order, the tables as they stand, and how far the mirror is."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa

from etl.changes import COPY_BEGINS, META, Operation
from etl.warehouses.duckdb.batches import PIECE_ROWS, gathered

_MIRROR: Final = """
create schema if not exists mirror;
create table if not exists mirror.epoch (epoch bigint, shift bigint);
create table if not exists mirror.folded (table_name varchar, load_id bigint);
create table if not exists mirror.erased (table_name varchar, key bigint, lsn bigint);
"""
_BATCH: Final = 50_000
# The load of an erasure that was noted before loads were: later than any.
_UNKNOWN: Final = 2**62


@dataclass(frozen=True)
class Epoch:
    """A mirror that began with everything: `shift` is what its loads' numbers are above those of the journal."""

    number: int
    shift: int


@dataclass(frozen=True)
class Erasure:
    """A row whose personal data has to go, as far as it was committed before an LSN; `load_id` brought the command."""

    table: str
    key: int
    lsn: int
    load_id: int


class Journal:
    """Reads the worker's DuckDB on a cursor of its own, and keeps the mirror's notes there."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._cursor.execute(_MIRROR)

    def standing(self) -> tuple[int, int | None]:
        """Return the newest load, and the LSN up to which every commit is there."""
        load_id, position = self._row("select load_id, position from raw.checkpoint")
        return load_id, position

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Read everything within the block as it stands at its beginning."""
        self._cursor.execute("begin transaction")
        try:
            yield
        finally:
            self._cursor.execute("rollback")

    def columns(self, table: str) -> pa.Schema:
        """Return a table's own columns, those that were put aside or dropped left out."""
        return self._cursor.sql(f"from raw.{table} limit 0").to_arrow_table().schema

    def count(self, table: str, after: int, upto: int) -> int:
        """Return how many changes came in the loads after one and up to another."""
        return int(
            self._row(f"select count(*) from raw.{table}__log where _load_id > {after} and _load_id <= {upto}")[0]
        )

    def changes(self, table: str, epoch: Epoch, after: int, upto: int) -> pa.RecordBatchReader:
        """Return the changes of these loads, in order, as BigQuery has them."""
        return self._reader(f"""
        select {_names(META.names)}, _load_id + {epoch.shift} as _load_id, {epoch.number}::bigint as _epoch,
          {_names(self.columns(table).names)}
        from raw.{table}__log where _load_id > {after} and _load_id <= {upto} order by _load_id, _commit_lsn, _seq
        """)

    def content(self, table: str, key: str, epoch: Epoch, load_id: int) -> pa.RecordBatchReader:
        """Return the table as it stands, as a copy that begins an epoch: before every change, after its mark."""
        own = self.columns(table).names
        shared = f"""
          0::bigint as _commit_lsn, {{seq}} as _seq, now() as _committed_at, {{key}}::bigint as _key,
          null::bigint as _old_key, 0::bigint as _unchanged, {load_id + epoch.shift}::bigint as _load_id,
          {epoch.number}::bigint as _epoch"""
        nothing = "".join(f', null as "{name}"' for name in own)
        mark = shared.format(seq=f"{COPY_BEGINS}::bigint", key="null")
        row = shared.format(seq="row_number() over ()", key=f'"{key}"')
        return self._reader(f"""
        select {Operation.TRUNCATE:d}::tinyint as _op, {mark}{nothing}
        union all
        select {Operation.SNAPSHOT:d}::tinyint, {row}, {_names(own)} from raw.{table}
        """)

    def oldest(self, table: str, after: int) -> dt.datetime | None:
        """Return the time of the oldest commit among the loads after one."""
        found: dt.datetime | None = self._row(
            f"select min(_committed_at) from raw.{table}__log where _load_id > {after}"
        )[0]
        return found

    def is_emptied(self, table: str, after: int, upto: int) -> bool:
        """Tell whether a TRUNCATE came in these loads."""
        where = f"_op = {Operation.TRUNCATE:d} and _load_id > {after} and _load_id <= {upto}"
        return bool(self._row(f"select count(*) from raw.{table}__log where {where}")[0])

    def epoch(self) -> Epoch | None:
        """Return the epoch that this journal began last."""
        number, shift = self._row("select max(epoch), max(shift) from mirror.epoch")
        return None if number is None else Epoch(number, shift)

    def begin(self, epoch: Epoch) -> None:
        """Note a new epoch, in which nothing is folded yet, and erased is what had been."""
        self.forget()
        self._cursor.execute("insert into mirror.epoch values (?, ?)", [epoch.number, epoch.shift])

    def forget(self) -> None:
        """Let the epoch go: the mirror has to begin anew. Can be called beside everything else."""
        with self._connection.cursor() as cursor:
            cursor.execute("delete from mirror.epoch; delete from mirror.folded")

    def folded(self, table: str) -> int:
        """Return the load up to which the mirror's base has everything."""
        return int(self._row("select coalesce(max(load_id), -1) from mirror.folded where table_name = ?", [table])[0])

    def note_folded(self, table: str, load_id: int) -> None:
        """Note that the mirror's base has everything up to a load."""
        self._cursor.execute("delete from mirror.folded where table_name = ?", [table])
        self._cursor.execute("insert into mirror.folded values (?, ?)", [table, load_id])

    def erasures(self) -> Sequence[Erasure]:
        """Return what was erased here and not yet in the mirror."""
        found = self._cursor.execute(
            f"""
            select table_name, key, lsn, max(coalesce(load_id, {_UNKNOWN})) from raw.erased
            where row(table_name, key, lsn) not in (select row(table_name, key, lsn) from mirror.erased)
            group by all order by all
            """
        )
        return [Erasure(*row) for row in found.fetchall()]

    def note_erased(self, erasure: Erasure) -> None:
        """Note that the mirror has erased it too."""
        self._cursor.execute("insert into mirror.erased values (?, ?, ?)", [erasure.table, erasure.key, erasure.lsn])

    def close(self) -> None:
        """Let the cursor go."""
        self._cursor.close()

    def _row(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        # All of it: a cursor with rows that nobody fetched refuses other work.
        return self._cursor.execute(sql, parameters).fetchall()[0]

    def _reader(self, sql: str) -> pa.RecordBatchReader:
        return gathered(self._cursor.sql(sql).to_arrow_reader(PIECE_ROWS), _BATCH)


def _names(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
