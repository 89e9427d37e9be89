"""One source joined to one warehouse: takes its turn, copies what is not there yet, and streams from then on."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import psycopg

from etl.changes import TableShape
from etl.sources.commands import repeat_erasures
from etl.sources.faults import ChangesLost
from etl.sources.postgres_wal.decoder import Decoder
from etl.sources.postgres_wal.heartbeats import beat
from etl.sources.postgres_wal.slot import NewSlot, drop_slot, require_resumable, slot_state
from etl.sources.postgres_wal.stream import ReplicationStream
from etl.sources.publication import source_columns
from etl.warehouses.interface import Warehouse
from etl.worker.appending import Delivered
from etl.worker.copying import NOTHING, Copied, Copier
from etl.worker.outlet import Outlet
from etl.worker.progress import Progress, Silent
from etl.worker.publishing import bring_in_step
from etl.worker.retrying import keep_running
from etl.worker.source import Source
from etl.worker.spill import Spill
from etl.worker.standing import Phase, Standing
from etl.worker.streaming import Streaming

_STANDBY_SECONDS: Final = 0.5


class Pipeline:
    """Runs until it is told to stop, through every fault of the source: it connects again and goes on.

    `delivered` hears of each batch of the stream that is in the warehouse, `lacking` of the tables that the warehouse
    has not copied whole: new ones, and those whose columns have changed. While the warehouse can't be reached batches
    wait in the `spill`; `outlet` is the duty that brings them into the warehouse.
    """

    def __init__(
        self,
        source: Source,
        shapes: Sequence[TableShape],
        warehouse: Warehouse,
        delivered: Delivered,
        progress: Progress | None = None,
        lacking: Callable[[Sequence[str]], None] = lambda _: None,
        spill: Spill | None = None,
    ) -> None:
        self.standing = Standing()
        self._source = source
        self._shapes = {shape.table: shape for shape in shapes}
        self._warehouse = warehouse
        self.outlet = Outlet(warehouse, spill, delivered)
        self._progress = progress or Silent()
        self._lacking = lacking
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"

    def run(self, stop: threading.Event) -> None:
        """Keep the warehouse fed. Faults are noted in `standing` and tried again after growing pauses."""
        keep_running(self._run, self.standing, stop)

    def copy(self, stop: threading.Event) -> Copied | None:
        """Copy all tables anew, whatever the warehouse has, and leave the slot behind; None when it was stopped first.

        Waits for its turn. Raises what `run` tries again.
        """
        with self._turn(stop) as connection:
            return None if connection is None else self._copy(connection)

    def _run(self, stop: threading.Event) -> None:
        with self._turn(stop) as connection:
            if connection is None:
                return
            if not self._is_resumable(connection):
                self._copy(connection)
            self._lacking(self._uncopied(connection))
            self._stream(connection, stop)

    @contextlib.contextmanager
    def _turn(self, stop: threading.Event) -> Iterator[psycopg.Connection | None]:
        """Give the connection whose life is this pipeline's turn; None where `stop` came before it."""
        with contextlib.closing(self._source.connect()) as connection:
            if not self._take_turn(connection, stop):
                yield None
                return
            bring_in_step(connection, self._source.publication, list(self._shapes.values()), self._warehouse.copied())
            self.outlet.open(self._owner)
            yield connection

    def _uncopied(self, connection: psycopg.Connection) -> list[str]:
        copied = self._warehouse.copied()
        present = {table: source_columns(connection, shape) for table, shape in self._shapes.items()}
        return [
            table
            for table, columns in present.items()
            if columns and (table not in copied or not set(columns) <= set(copied[table]))
        ]

    def _take_turn(self, connection: psycopg.Connection, stop: threading.Event) -> bool:
        while not self._source.take_turn(connection):
            self.standing.enter(Phase.STANDBY)
            if stop.wait(_STANDBY_SECONDS):
                return False
        return True

    def _is_resumable(self, connection: psycopg.Connection) -> bool:
        position = self.outlet.position() or NOTHING
        if position == NOTHING:
            return False
        try:
            require_resumable(slot_state(connection, self._source.slot), position)
        except ChangesLost as lost:
            self.standing.lose(str(lost))
            return False
        return True

    def _copy(self, connection: psycopg.Connection) -> Copied:
        self.standing.enter(Phase.COPYING)
        self._progress.note("copying all tables into the warehouse")
        drop_slot(connection, self._source.slot)
        self.outlet.restart()
        with NewSlot(self._source.url, self._source.slot) as slot:
            # The slot was not there for what was commanded before. Once the copy is whole no worker would ask again.
            repeat_erasures(connection)
            return Copier(self._source, self._warehouse, self._progress).copy_all(slot, self._shapes)

    def _stream(self, connection: psycopg.Connection, stop: threading.Event) -> None:
        position = self.outlet.position() or NOTHING
        source = self._source
        with ReplicationStream(source.url, source.slot, source.publication, position) as stream:
            self.standing.enter(Phase.STREAMING)
            decoder = Decoder(self._shapes, position)
            Streaming(stream, decoder, self.outlet, lambda *_: None, lambda: beat(connection)).run(stop)
