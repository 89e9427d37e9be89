"""The raw layer in a DuckDB file: appends, and compaction beside them."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from etl.changes import META, Batch, Changes, DeadLetter, TableShape
from etl.warehouses.duckdb.statements import epoch_of, tail_of, view_of
from etl.warehouses.filling import filled
from etl.warehouses.interface import Fenced

_TABLES: Final = """
create schema if not exists raw;
create table if not exists raw.checkpoint (position bigint, load_id bigint not null, owner varchar);
insert into raw.checkpoint select null, 0, null where not exists (from raw.checkpoint);
create table if not exists raw.compaction (table_name varchar, load_id bigint);
create table if not exists raw.dead_letter (
    table_name varchar, commit_lsn bigint, seq bigint, key bigint, column_name varchar, reason varchar, raw blob,
    load_id bigint
);
"""


class DuckDBWarehouse:
    """Owns a DuckDB file. Appends take turns; a compaction runs beside them, on a cursor of its own."""

    def __init__(self, path: Path | str) -> None:
        self.connection = duckdb.connect(str(path))
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute(_TABLES)
        self._writer = self.connection.cursor()
        self._shapes: dict[str, TableShape] = {}
        self._owner: str | None = None
        # The last commit among a table's rows that wait for the end of their transaction.
        self._waiting: dict[str, int] = {}
        self._append_turn = threading.Lock()
        self._compact_turn = threading.Lock()

    def prepare(self, shapes: Sequence[TableShape]) -> None:
        """Make the tables that are missing, and add the columns that are."""
        with self._compact_turn, self._append_turn, _transaction(self._writer):
            for shape in shapes:
                self._prepare(shape)

    def fence(self, owner: str) -> None:
        """Become the one that writes."""
        with self._append_turn:
            self._writer.execute("update raw.checkpoint set owner = ?", [owner])
            self._owner = owner

    def position(self) -> int | None:
        """Return the LSN up to which every commit is there, None before the first batch."""
        return self._checkpoint()[0]

    def append(self, batch: Batch) -> None:
        """Take a batch in, by the law of delivery; raises `Fenced`."""
        with self._append_turn, _transaction(self._writer):
            position, load_id, owner = self._checkpoint(self._writer)
            if owner != self._owner:
                raise Fenced("another worker has taken over the warehouse: stop this one")
            after = -1 if position is None else position
            for changes in batch.changes:
                self._stage(changes, after)
            for table in self._waiting:
                self._publish(table, batch.through, load_id + 1)
            self._bury([letter for letter in batch.dead if letter.commit_lsn > after], load_id + 1)
            self._writer.execute(
                "update raw.checkpoint set position = greatest(?, position), load_id = load_id + 1", [batch.through]
            )
        self._waiting = {table: lsn for table, lsn in self._waiting.items() if lsn > batch.through}

    def compact(self, table: str) -> None:
        """Fold a table's newest changes into its base; what can be read stays the same."""
        shape = self._shapes[table]
        names = ", ".join(f'"{name}"' for name in shape.names)
        with self._compact_turn:
            cursor = self.connection.cursor()
            with _transaction(cursor):
                done = self._compacted(table, cursor)
                upto = self._checkpoint(cursor)[1]
                cursor.execute(f"create or replace temp table newest as {tail_of(table, done)}")
                cursor.execute(
                    f"""delete from raw.{table}__base where "{shape.key}" in (select _key from newest)
                    or ({epoch_of(table, done)}) is not null"""
                )
                cursor.execute(f"insert into raw.{table}__base by name select {names} from newest where _op <> 3")
                cursor.execute("update raw.compaction set load_id = ? where table_name = ?", [upto, table])
                cursor.execute(view_of(shape, upto))
            cursor.close()

    def read(self, table: str) -> pa.Table:
        """Return a table as it stands."""
        return self.connection.cursor().sql(f"from raw.{table}").to_arrow_table()

    def close(self) -> None:
        """Let the file go."""
        self._writer.close()
        self.connection.close()

    def _prepare(self, shape: TableShape) -> None:
        table, cursor = shape.table, self._writer
        log = pa.schema([*META, pa.field("_load_id", pa.int64()), *shape.own])
        for name, schema in ((f"{table}__log", log), (f"{table}__base", shape.own)):
            cursor.register("made_of", schema.empty_table())
            cursor.execute(f"create table if not exists raw.{name} as from made_of")
            there = {row[0] for row in cursor.execute(f"describe raw.{name}").fetchall()}
            types = {row[0]: row[1] for row in cursor.execute("describe made_of").fetchall()}
            for column in types.keys() - there:
                cursor.execute(f'alter table raw.{name} add column "{column}" {types[column]}')
            cursor.unregister("made_of")
        cursor.execute(f"create or replace table raw.{table}__pending as from raw.{table}__log limit 0")
        cursor.execute(
            "insert into raw.compaction select $1, 0 where not exists (from raw.compaction where table_name = $1)",
            [table],
        )
        cursor.execute(view_of(shape, self._compacted(table, cursor)))
        self._shapes[table] = shape

    def _stage(self, changes: Changes, after: int) -> None:
        """Put a batch's new rows among those that wait for their commit; rows sent again take the earlier's place."""
        records = pa.Table.from_batches([changes.records])
        records = records.filter(pc.greater(records.column("_commit_lsn"), after))
        if not len(records):
            return
        first = [records.column(name)[0].as_py() for name in ("_commit_lsn", "_seq")]
        last = pc.max(records.column("_commit_lsn")).as_py()
        self._waiting[changes.table] = max(last, self._waiting.get(changes.table, last))
        pending = f"raw.{changes.table}__pending"
        self._writer.execute(f"delete from {pending} where row(_commit_lsn, _seq) >= row(?, ?)", first)
        self._writer.register("part", filled(records, partial(self._known, changes.table)))
        self._writer.execute(f"insert into {pending} by name from part")
        self._writer.unregister("part")

    def _known(self, table: str, keys: Collection[int]) -> pa.Table:
        shape = self._shapes[table]
        names = ", ".join(f'"{name}"' for name in shape.names)
        newest = f"""
        select _key, {names}, 1 as rank, _commit_lsn, _seq from raw.{table}__pending
        where _op not in (3, 4) and _key in (select unnest($1))
        union all
        select "{shape.key}" as _key, {names}, 0, 0, 0 from raw.{table} where "{shape.key}" in (select unnest($1))
        """
        query = f"""
        select _key, {names} from ({newest})
        qualify row_number() over (partition by _key order by rank desc, _commit_lsn desc, _seq desc) = 1
        """
        return (
            self._writer.sql(query, params=[list(keys)])
            .to_arrow_table()
            .cast(pa.schema([pa.field("_key", pa.int64()), *shape.own]))
        )

    def _publish(self, table: str, through: int, load_id: int) -> None:
        pending = f"raw.{table}__pending"
        self._writer.execute(
            f"insert into raw.{table}__log by name select * replace ({load_id} as _load_id) from {pending}"
            " where _commit_lsn <= ?",
            [through],
        )
        self._writer.execute(f"delete from {pending} where _commit_lsn <= ?", [through])

    def _bury(self, letters: Sequence[DeadLetter], load_id: int) -> None:
        for one in letters:
            self._writer.execute(
                "insert into raw.dead_letter values (?, ?, ?, ?, ?, ?, ?, ?)",
                [one.table, one.commit_lsn, one.seq, one.key, one.column, one.reason, one.raw, load_id],
            )

    def _checkpoint(self, cursor: duckdb.DuckDBPyConnection | None = None) -> tuple[int | None, int, str | None]:
        asked = cursor or self.connection.cursor()
        found = asked.execute("select position, load_id, owner from raw.checkpoint").fetchone()
        return (found[0], found[1], found[2]) if found else (None, 0, None)

    def _compacted(self, table: str, cursor: duckdb.DuckDBPyConnection) -> int:
        found = cursor.execute("select load_id from raw.compaction where table_name = ?", [table]).fetchone()
        return int(found[0]) if found else 0


@contextmanager
def _transaction(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    cursor.execute("begin")
    try:
        yield
    except BaseException:
        cursor.execute("rollback")
        raise
    cursor.execute("commit")
