"""The mirror: the journal's loads, sent to BigQuery in order and seen there by a checkpoint that is written last."""

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import duckdb
import pyarrow as pa
from google.api_core import exceptions as google

from etl.changes import TableShape
from etl.warehouses.bigquery.claim import TAKEN, Claim
from etl.warehouses.bigquery.erasing import erase
from etl.warehouses.bigquery.journal import Epoch, Erasure, Journal
from etl.warehouses.bigquery.service import Service
from etl.warehouses.bigquery.statements import FENCED, Standing, folding, log_view, table_view
from etl.warehouses.bigquery.tables import Tables, sent
from etl.warehouses.bigquery.writing import Stream, append_somewhere, fits, load
from etl.warehouses.interface import Fenced

# From how many rows on a load job is cheaper than a stream.
_LOADED_ROWS: Final = 20_000


class Mirror:
    """Follows one journal. Only `advance` and `read` ask BigQuery: they take turns, and may be called after a fault.

    While BigQuery is away they wait for it, for minutes; what the others ask for is done with the next sending.
    """

    def __init__(self, service: Service, journal: Journal, shapes: Mapping[str, TableShape]) -> None:
        self._service = service
        self._journal = journal
        self._shapes = shapes
        self._tables = Tables(service)
        self._turn = threading.RLock()
        self._is_renewed = threading.Event()
        self._to_fold: set[str] = set()
        self._prune_before: dt.datetime | None = None
        self._streams: dict[str, Stream] = {}
        self._columns: dict[str, pa.Schema] = {}
        self._horizons: dict[str, dt.datetime] = {}
        self._owner = "unnamed"
        self._claim: Claim | None = None
        self._began: Claim | None = None
        self._epoch: Epoch | None = None
        self._sent = -1

    def sign(self, owner: str) -> None:
        """Let whoever this is become the one that writes with the next sending. Asks BigQuery for nothing."""
        self._owner = owner

    def release(self) -> None:
        """Let go of the right to write, and of all that is known of BigQuery: another one may change it."""
        with self._turn:
            self._claim, self._epoch, self._sent = None, None, -1
            for known in (self._streams, self._columns, self._horizons):
                known.clear()

    def advance(self) -> None:
        """Send what the journal has and BigQuery has not; raises `Fenced`."""
        with self._turn:
            if self._is_renewed.is_set():
                self._is_renewed.clear()
                self._forget()
            self._claimed()
            load_id, position = self._journal.standing()
            if position is None:
                return
            self._shape()
            if self._epoch is None:
                self._begin()
            self._show()
            if self._epoch is not None and load_id > self._sent:
                for table in self._shapes:
                    self._send(table, self._epoch, load_id)
                self._claimed().write(self._epoch.number, load_id + self._epoch.shift, position)
                self._sent = load_id
            self._erase()
            self._fold_asked()
            self._prune()

    def read(self, table: str) -> pa.Table:
        """Return a table as it stands, once everything was sent."""
        with self._turn:
            self.advance()
            columns = self._journal.columns(table)
            if self._epoch is None and self._last() == (0, 0):
                return columns.empty_table()
            place = self._service.place.name(table)
            return self._service.query(f"select * from {place}").select(columns.names).cast(columns)

    def renew(self) -> None:
        """Begin anew with the next load: the journal's history is not what was sent any more."""
        self._is_renewed.set()
        # Now, so that it outlives the process, and once more when nothing is being noted beside it.
        with suppress(duckdb.TransactionException):
            self._journal.forget()

    def fold(self, table: str) -> None:
        """Bring a table's base up to what was sent, with the next sending; what can be read stays the same."""
        self._to_fold.add(table)

    def prune(self, before: dt.datetime) -> None:
        """Take changes away that are in a base and were committed before a time, with the next sending."""
        self._prune_before = before

    def _fold_asked(self) -> None:
        for table in sorted(self._to_fold):
            self._fold(table)
            self._to_fold.discard(table)

    def _fold(self, table: str) -> None:
        if self._epoch is None or self._journal.folded(table) >= self._sent:
            return
        anew = self._journal.folded(table) < 0 or self._journal.is_emptied(
            table, self._journal.folded(table), self._sent
        )
        names, standing = self._columns[table].names, self._standing(table)
        upto = self._sent + self._epoch.shift
        key = self._shapes[table].key
        script = folding(self._service.place, table, key, names, standing, upto, anew=anew, owner=self._claimed().began)
        _unless_fenced(lambda: self._service.query(script))
        self._journal.note_folded(table, self._sent)
        self._view(table)

    def _prune(self) -> None:
        before = self._prune_before
        if self._epoch is None or before is None:
            return
        for table in self._shapes:
            standing = self._standing(table)
            self._service.query(f"""
            delete from {self._service.place.name(f"{table}__changes")}
            where _committed_at < timestamp '{before.isoformat()}'
              and (_epoch < {standing.epoch} or _load_id <= {standing.compacted})
            """)
        if self._prune_before == before:
            self._prune_before = None

    def _claimed(self) -> Claim:
        """Return the right to write; where there is none take it, and find out how far BigQuery is."""
        if self._claim is None:
            self._tables.prepare()
            claim = Claim(self._service, self._owner)
            self._epoch, self._sent = self._found()
            self._claim = claim
        return self._claim

    def _found(self) -> tuple[Epoch | None, int]:
        """Return the epoch that goes on, and the load up to which it was sent; None where a new one must begin."""
        mine, last = self._journal.epoch(), self._last()
        if mine is None or mine.number != last[0] or last[1] - mine.shift > self._journal.standing()[0]:
            return None, -1
        return mine, last[1] - mine.shift

    def _last(self) -> tuple[int, int]:
        """Return the newest epoch and load that BigQuery has."""
        found = self._service.query(
            f"select epoch, max(load_id) as load_id from {self._service.place.name('checkpoint')}"
            " group by epoch order by epoch desc limit 1"
        ).to_pylist()
        return (found[0]["epoch"], found[0]["load_id"]) if found else (0, 0)

    def _forget(self) -> None:
        """Let the epoch go, for good: the next sending begins a new one."""
        self._journal.forget()
        self._epoch = None

    def _shape(self) -> None:
        """Bring tables into the journal's shapes; what they are put aside for takes a new epoch."""
        for table, shape in self._shapes.items():
            columns = self._journal.columns(table)
            if columns != self._columns.get(table):
                self._claimed().check()
                self._tables.shape(shape, columns, self._forget)
                self._columns[table] = columns
                self._streams.pop(table, None)
                self._horizons.pop(table, None)

    def _begin(self) -> None:
        """Begin an epoch: send every table as it stands at one moment, by a claim that began no other."""
        # What streams have in doubt is of another epoch, and may have been erased since.
        self._streams.clear()
        claim = self._claimed()
        if claim is self._began:
            # Rows of a beginning that failed may be there: each has the number of a claim of its own.
            claim.check()
            claim = self._claim = Claim(self._service, self._owner)
        self._began = claim
        _, last_load = self._last()
        with self._journal.at_one_moment():
            load_id, position = self._journal.standing()
            epoch = Epoch(claim.began, max(0, last_load + 1 - load_id))
            for table, shape in self._shapes.items():
                reader = self._journal.content(table, shape.key, epoch, load_id)
                self._send_rows(table, reader, is_long=True)
            claim.write(epoch.number, load_id + epoch.shift, position)
        self._journal.begin(epoch)
        self._epoch, self._sent = epoch, load_id
        self._horizons.clear()
        self._show()
        for table in self._shapes:
            self._fold(table)

    def _show(self) -> None:
        """Make the views that are missing, or are of other columns or another epoch."""
        for table in self._shapes:
            if table not in self._horizons:
                self._view(table)

    def _send(self, table: str, epoch: Epoch, upto: int) -> None:
        count = self._journal.count(table, self._sent, upto)
        if not count:
            return
        oldest = self._journal.oldest(table, self._sent)
        if oldest is not None and oldest < self._horizons[table]:
            self._view(table)
        reader = self._journal.changes(table, epoch, self._sent, upto)
        self._send_rows(table, reader, is_long=count >= _LOADED_ROWS)

    def _send_rows(self, table: str, reader: pa.RecordBatchReader, *, is_long: bool) -> None:
        place = f"{table}__changes"
        if is_long:
            schema = sent(reader.schema.empty_table()).schema
            batches = (batch for part in reader for batch in sent(pa.Table.from_batches([part])).to_batches())
            load(self._service, place, schema, batches)
            return
        stream = self._streams.setdefault(table, Stream(self._service, place))
        for part in reader:
            rows = sent(pa.Table.from_batches([part]))
            if fits(rows):
                append_somewhere(stream, rows)
            else:
                load(self._service, place, rows.schema, rows.to_batches())

    def _view(self, table: str) -> None:
        """Make the table's views, over what is behind its base."""
        self._claimed().check()
        place, shape = self._service.place, self._shapes[table]
        standing = self._standing(table)
        self._service.query(log_view(place, table))
        self._service.query(table_view(place, table, shape.key, self._columns[table].names, standing))
        self._horizons[table] = standing.horizon

    def _standing(self, table: str) -> Standing:
        epoch = self._epoch or Epoch(0, 0)
        folded = self._journal.folded(table)
        # An epoch's copy has no time of its own: all of history is looked through until it is folded in.
        horizon = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
        if folded >= 0:
            horizon = self._journal.oldest(table, folded) or dt.datetime.now(dt.UTC)
        return Standing(epoch.number, folded + epoch.shift, horizon)

    def _erase(self) -> None:
        for erasure in self._journal.erasures():
            if erasure.table not in self._shapes or self._is_erased(erasure):
                self._journal.note_erased(erasure)

    def _is_erased(self, erasure: Erasure) -> bool:
        standing = self._epoch or Epoch(0, 0), self._journal.folded(erasure.table)
        names = self._columns[erasure.table].names
        return erase(self._service, self._shapes[erasure.table], names, erasure, standing)


def _unless_fenced(action: Callable[[], object]) -> None:
    try:
        action()
    except google.GoogleAPICallError as fault:
        if FENCED in str(fault):
            raise Fenced(TAKEN) from None
        raise
