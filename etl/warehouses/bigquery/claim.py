"""Who writes to the mirror: the one whose stream of checkpoints is open; whoever takes over ends the others."""

import datetime as dt
import time

import pyarrow as pa
from google.api_core import exceptions as google

from etl.warehouses.bigquery.faults import Outcome, outcome_of
from etl.warehouses.bigquery.service import ONCE, SECONDS, Service
from etl.warehouses.bigquery.writing import Stream
from etl.warehouses.interface import Fenced

TAKEN = "another worker has taken over the warehouse: stop this one"
_CHECKPOINT = pa.schema(
    [("epoch", pa.int64()), ("load_id", pa.int64()), ("position", pa.int64()), ("at", pa.timestamp("us", "UTC"))]
)
_OWNER = pa.schema(
    [("epoch", pa.int64()), ("owner", pa.string()), ("stream", pa.string()), ("at", pa.timestamp("us", "UTC"))]
)


class Claim:
    """The right to write checkpoints, without which nothing that was sent is seen."""

    def __init__(self, service: Service, owner: str) -> None:
        """Take it, from whoever has it; raises `Fenced` where somebody takes it at the same moment and is later."""
        self._service = service
        self._owner = owner
        self._checkpoints = Stream(service, "checkpoint")
        self._streams: set[str] = set()
        # Whoever comes later is later, also where a clock stepped back, or another machine's is ahead.
        self._began = max(time.time_ns() // 1000, self._newest("owner") + 1, self._newest("checkpoint") + 1)
        self._take()

    @property
    def began(self) -> int:
        """When it was taken, in microseconds or a little more: greater than earlier claims and epochs."""
        return self._began

    def write(self, epoch: int, load_id: int, position: int | None) -> None:
        """Write a checkpoint, by which all loads up to this one are seen; raises `Fenced`."""
        row = {"epoch": epoch, "load_id": load_id, "position": position, "at": dt.datetime.now(dt.UTC)}
        try:
            self._checkpoints.append(pa.Table.from_pylist([row], _CHECKPOINT))
        except google.GoogleAPICallError as fault:
            if outcome_of(fault) is not Outcome.STREAM_LOST:
                raise
            # Somebody took over, or BigQuery let go of a stream that was not used for days.
            self._take()
            self._checkpoints.append(pa.Table.from_pylist([row], _CHECKPOINT))

    def check(self) -> None:
        """Raise `Fenced` where somebody else has it."""
        if self._newest("owner") != self._began:
            raise Fenced(TAKEN)

    def _newest(self, table: str) -> int:
        name = self._service.place.name(table)
        return int(
            self._service.query(f"select coalesce(max(epoch), 0) as newest from {name}").to_pylist()[0]["newest"]
        )

    def _take(self) -> None:
        """Say whose it is, and look afterwards who else did: of two at the same moment one sees the other."""
        self._sign()
        self._end_others()

    def _sign(self) -> None:
        stream, at = self._checkpoints.open(), dt.datetime.now(dt.UTC)
        self._streams.add(stream)
        row = {"epoch": self._began, "owner": self._owner, "stream": stream, "at": at}
        Stream(self._service, "owner").append(pa.Table.from_pylist([row], _OWNER))

    def _end_others(self) -> None:
        found = self._service.query(f"select epoch, stream from {self._service.place.name('owner')}").to_pylist()
        others = [(row["epoch"], row["stream"]) for row in found if row["stream"] not in self._streams]
        # Streams have random names: one of its own that BigQuery let go must not be taken for somebody later.
        if any(other > (self._began, max(self._streams)) for other in others):
            raise Fenced(TAKEN)
        for _, stream in sorted(others, reverse=True)[:10]:
            self._end(stream)

    def _end(self, stream: str) -> None:
        try:
            end = self._service.writing.finalize_write_stream
            self._service.ask(lambda: end(name=stream, retry=ONCE, timeout=SECONDS))
        except google.GoogleAPICallError as fault:
            # It was ended, or is long gone.
            if outcome_of(fault) is not Outcome.STREAM_LOST:
                raise
