"""One raw table: takes changes, copies and dead letters in, in the order in which they were committed."""

from collections.abc import Collection, Iterator, Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from etl.changes import META, Batch, Changes, DeadLetter, Operation, TableShape
from etl.warehouses.duckdb.copies import forget_after, publish_copy
from etl.warehouses.duckdb.erasure import scrubbed_letters
from etl.warehouses.duckdb.letters import bury, poisoned_keys, without_dependants
from etl.warehouses.duckdb.shaping import extended, raise_alert, shape_table
from etl.warehouses.duckdb.statements import first_row, quoted
from etl.warehouses.duckdb.waiting import WaitingCopies, ends_copy, split
from etl.warehouses.filling import filled


class RawTable:
    """Belongs to the writer's cursor, within whose transactions everything happens.

    What it remembers of the tables spares asking them with each batch; `recall` asks them.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, declared: TableShape) -> None:
        self._cursor = cursor
        self._declared = declared
        self.shape = shape_table(cursor, declared)
        self._copies = WaitingCopies(cursor, declared.table)
        self.recall()

    @property
    def name(self) -> str:
        """The table's name in the source, and in the schema `raw`."""
        return self._declared.table

    @property
    def is_waiting(self) -> bool:
        """Whether there are rows whose commit was not reached."""
        return self._last_pending is not None or bool(self._copies.moments)

    def publishes(self, batch: Batch) -> bool:
        """Tell whether a batch may make a copy of the whole table seen, which no compaction may run beside."""
        parts = [part.records for part in batch.changes if part.table == self.name]
        return bool(self._copies.moments) or any(ends_copy(records) for records in parts)

    def recall(self) -> None:
        """Find out what waits, and which rows' newest change is a dead letter."""
        found = first_row(self._cursor, f"select max(_commit_lsn) from raw.{self.name}__pending")
        self._last_pending: int | None = found[0] if found else None
        self._copies.recall()
        self._poisoned = poisoned_keys(self._cursor, self.name)

    def drop_waiting(self) -> None:
        """Forget the rows whose commit was not reached: they are sent again."""
        self._cursor.execute(f"delete from raw.{self.name}__pending")
        self._copies.forget()
        self._cursor.execute("delete from raw.copy where table_name = ? and load_id is null", [self.name])
        self.recall()

    def cut_off(self) -> None:
        """Forget all that waits, and what is still to come of copies."""
        self._copies.cut_off()
        self.drop_waiting()

    def lacks_columns(self, changes: Changes) -> bool:
        """Tell whether rows have columns that the table has not."""
        return not set(changes.records.schema.names[len(META) :]) <= set(self.shape.names)

    def widen(self, changes: Changes) -> None:
        """Add the columns that rows have beyond the table's, and raise an alert."""
        self.shape = shape_table(self._cursor, extended(self.shape, changes.records.schema))

    def take(
        self, parts: Sequence[Changes], letters: Sequence[DeadLetter], after: int, through: int, load_id: int
    ) -> None:
        """Take in what was committed after an LSN, and show what was committed up to another one."""
        bury(self._cursor, scrubbed_letters(self._cursor, letters), load_id)
        changed = self._without_copied(parts, after)
        reached = [lsn for lsn in self._copies.moments if lsn <= through]
        rest = list(letters)
        for lsn in [*reached, None]:
            for part in _committed(changed, lsn, reached):
                self._stage(self._without_dependants(part, rest, load_id), through, load_id)
            self._publish(through if lsn is None else lsn, load_id)
            if lsn is not None:
                self._publish_copy(lsn, load_id, is_first=after <= 0)
        self._poisoned |= {letter.key for letter in rest if letter.key is not None}

    def known(self, keys: Collection[int], names: Sequence[str]) -> pa.Table:
        """Return the newest rows of some keys, those that wait for their commit before the others."""
        columns, table = quoted(names), self.name
        waiting = (
            ""
            if self._last_pending is None
            else f"""
        select _key, {columns}, 1 as rank, _commit_lsn, _seq from raw.{table}__pending
        where _op not in ({Operation.DELETE:d}, {Operation.TRUNCATE:d}) and _key in (select unnest($1))
        union all
        """
        )
        query = f"""
        select _key, {columns} from ({waiting}
        select "{self.shape.key}" as _key, {columns}, 0 as rank, 0 as _commit_lsn, 0 as _seq from raw.{table}
        where "{self.shape.key}" in (select unnest($1)))
        qualify row_number() over (partition by _key order by rank desc, _commit_lsn desc, _seq desc) = 1
        """
        return self._cursor.sql(query, params=[list(keys)]).to_arrow_table()

    def fill(self, records: pa.Table) -> pa.Table:
        """Return changes with the values that the source did not send."""
        own = pa.schema([records.schema.field(name) for name in records.column_names[len(META) :]])
        typed = pa.schema([pa.field("_key", pa.int64()), *own])

        def before(keys: Collection[int]) -> pa.Table:
            found = self.known(keys, own.names)
            # A row that goes on under another key may be deleted by a message of its own, which came before.
            gone = {*keys} & {*records.column("_old_key").to_pylist()} - {*found.column("_key").to_pylist()}
            known = [found, self._deleted(gone, own.names)] if gone else [found]
            return pa.concat_tables([one.cast(typed) for one in known])

        return filled(records, before)

    def _deleted(self, keys: Collection[int], names: Sequence[str]) -> pa.Table:
        """Return rows that are no more as they were last."""
        query = f"""
        select _key, {quoted(names)} from raw.{self.name}__log
        where _op not in ({Operation.DELETE:d}, {Operation.TRUNCATE:d}) and _key in (select unnest($1))
        qualify row_number() over (partition by _key order by _commit_lsn desc, _seq desc) = 1
        """
        return self._cursor.sql(query, params=[list(keys)]).to_arrow_table()

    def insert(self, records: pa.Table, load_id: int | None) -> None:
        """Append changes to the log, or without a load to those that wait."""
        place = "pending" if load_id is None else "log"
        self._cursor.register("part", records)
        value = "null::bigint" if load_id is None else str(load_id)
        self._cursor.execute(f"insert into raw.{self.name}__{place} by name select *, {value} as _load_id from part")
        self._cursor.unregister("part")

    def _without_copied(self, parts: Sequence[Changes], after: int) -> list[pa.RecordBatch]:
        """Let copied rows wait, and return the changes that are not known already."""
        split_parts = [split(part.records) for part in parts]
        self._copies.take([copied for _, copied in split_parts if copied.num_rows])
        brought = {name for part in parts for name in part.records.schema.names[len(META) :]}
        for name in sorted(brought - set(self._declared.names)):
            raise_alert(self._cursor, self.name, name, "the source changed the type of a column: its values are here")
        return [
            changed.filter(pc.greater(changed.column("_commit_lsn"), after))
            for changed, _ in split_parts
            if changed.num_rows
        ]

    def _without_dependants(self, records: pa.RecordBatch, letters: list[DeadLetter], load_id: int) -> pa.RecordBatch:
        """Bury changes that need a value of a dead letter, of an earlier batch or of these, and return the others."""
        if not (self._poisoned or letters):
            return records
        last = tuple(records.column(name)[-1].as_py() for name in ("_commit_lsn", "_seq"))
        earlier = [letter for letter in letters if (letter.commit_lsn, letter.seq) < last]
        letters[:] = [letter for letter in letters if letter not in earlier]
        kept, dependants = without_dependants(Changes(self.name, records), earlier, self._poisoned)
        bury(self._cursor, dependants, load_id)
        return kept.records

    def _stage(self, records: pa.RecordBatch, through: int, load_id: int) -> None:
        """Append changes, or let them wait for their commit; rows sent again take the earlier's place."""
        if not records.num_rows:
            return
        if self._last_pending is not None:
            first = [records.column(name)[0].as_py() for name in ("_commit_lsn", "_seq")]
            self._cursor.execute(
                f"delete from raw.{self.name}__pending where row(_commit_lsn, _seq) >= row(?, ?)", first
            )
        last = pc.max(records.column("_commit_lsn")).as_py()
        changes = self.fill(pa.Table.from_batches([records]))
        if self._last_pending is None and last <= through:
            self.insert(changes, load_id)
        else:
            self.insert(changes, None)
            self._last_pending = max(last, self._last_pending or last)

    def _publish(self, through: int, load_id: int) -> None:
        if self._last_pending is None:
            return
        self._cursor.execute(
            f"insert into raw.{self.name}__log by name select * replace ({load_id} as _load_id)"
            f" from raw.{self.name}__pending where _commit_lsn <= ?",
            [through],
        )
        self._cursor.execute(f"delete from raw.{self.name}__pending where _commit_lsn <= ?", [through])
        if self._last_pending <= through:
            self._last_pending = None

    def _publish_copy(self, lsn: int, load_id: int, *, is_first: bool) -> None:
        if is_first:
            forget_after(self._cursor, self.shape, lsn)
        publish_copy(self._cursor, self.shape, lsn, load_id, is_alone=self._copies.only == lsn)
        self._copies.forget(lsn)
        self._poisoned = poisoned_keys(self._cursor, self.name)


def _committed(parts: Sequence[pa.RecordBatch], lsn: int | None, reached: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """Give those rows that were committed up to an LSN and after the one that was reached before; None is the end."""
    before = [one for one in reached if lsn is None or one < lsn]
    for part in parts:
        commits = part.column("_commit_lsn")
        chosen = part.filter(pc.greater(commits, before[-1])) if before else part
        if lsn is not None:
            chosen = chosen.filter(pc.less_equal(chosen.column("_commit_lsn"), lsn))
        if chosen.num_rows:
            yield chosen
