"""Rows on their way into BigQuery: committed streams whose offsets answer a replay, and load jobs of Parquet."""

import tempfile
import uuid
from collections.abc import Iterable, Iterator
from typing import IO, Final, cast

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core import exceptions as google
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import types

from etl.warehouses.bigquery.faults import Outcome, outcome_of
from etl.warehouses.bigquery.service import LABELS, ONCE, SECONDS, Service

# An append request may have 10 MB.
_REQUEST_BYTES: Final = 6 * 2**20
_LOAD_SECONDS: Final = 3600.0


class Stream:
    """A committed write stream of a table: what is appended at an offset is there once, however often it is sent."""

    def __init__(self, service: Service, table: str) -> None:
        self._service = service
        place = service.place
        self._parent = f"projects/{place.project}/datasets/{place.raw}/tables/{table}"
        self.name: str | None = None
        self._offset = 0
        self._doubtful: tuple[types.AppendRowsRequest, int] | None = None

    def open(self) -> str:
        """Make the stream, and return its name."""
        made = types.WriteStream(type_=types.WriteStream.Type.COMMITTED)
        create = self._service.writing.create_write_stream
        stream = self._service.ask(lambda: create(parent=self._parent, write_stream=made, retry=ONCE, timeout=SECONDS))
        self.name, self._offset, self._doubtful = str(stream.name), 0, None
        return self.name

    def append(self, rows: pa.Table) -> None:
        """Append rows, in as many requests as it takes; returns when they are there.

        A request whose outcome was still unknown when patience ended goes first, in its own words: other rows at its
        offset would be taken for its replay, and be answered as there although they are not.
        """
        if self._doubtful is not None:
            self._ask(*self._doubtful)
        for part in _parts(rows):
            self._append(part)

    def _append(self, rows: pa.RecordBatch) -> None:
        request = types.AppendRowsRequest(write_stream=self.name or self.open(), offset=self._offset)
        request.arrow_rows = types.AppendRowsRequest.ArrowData(
            writer_schema=types.ArrowSchema(serialized_schema=rows.schema.serialize().to_pybytes()),
            rows=types.ArrowRecordBatch(serialized_record_batch=rows.serialize().to_pybytes()),
        )
        self._ask(request, rows.num_rows)

    def _ask(self, request: types.AppendRowsRequest, count: int) -> None:
        # Whatever ended it: an answer to an earlier try may have been lost.
        self._doubtful = request, count
        self._service.ask(lambda: self._send(request), done=lambda: None)
        self._doubtful = None
        self._offset += count

    def _send(self, request: types.AppendRowsRequest) -> None:
        is_answered = False
        for answer in self._service.writing.append_rows(iter([request]), timeout=SECONDS, retry=ONCE):
            if answer.error.code:
                raise google.from_grpc_status(answer.error.code, answer.error.message)
            is_answered = True
        if not is_answered:
            raise google.ServiceUnavailable("the connection ended without an answer")


def append_somewhere(stream: Stream, rows: pa.Table) -> None:
    """Append rows to a stream, or to a new one where it takes no more: rows that come twice then are told apart."""
    try:
        stream.append(rows)
    except google.GoogleAPICallError as fault:
        if outcome_of(fault) is not Outcome.STREAM_LOST:
            raise
        stream.open()
        stream.append(rows)


def load(service: Service, table: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Load rows by one job, whose name is its identity: asking for it again does not load again."""
    name = f"cienty_{table}_{uuid.uuid4().hex}"
    with tempfile.TemporaryFile() as file:
        with pq.ParquetWriter(file, schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
        job = service.ask(lambda: _start(service, table, file, name), done=lambda: _started(service, name))
    service.ask(lambda: job.result(retry=ONCE, timeout=_LOAD_SECONDS))


def _start(service: Service, table: str, file: IO[bytes], name: str) -> bigquery.LoadJob:
    settings = bigquery.LoadJobConfig(
        source_format=bigquery.SourceFormat.PARQUET,
        write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
        labels=LABELS,
    )
    return service.rest.load_table_from_file(
        file, service.place.path(table), rewind=True, job_id=name, job_config=settings, timeout=SECONDS
    )


def _started(service: Service, name: str) -> bigquery.LoadJob:
    return cast("bigquery.LoadJob", service.rest.get_job(name, retry=ONCE, timeout=SECONDS))


def fits(rows: pa.Table) -> bool:
    """Tell whether each row fits into a request; those that don't have to be loaded."""
    return all(part.nbytes <= _REQUEST_BYTES for part in _parts(rows))


def _parts(rows: pa.Table) -> Iterator[pa.RecordBatch]:
    """Give rows in pieces that fit into a request, as far as single rows do."""
    if rows.nbytes > _REQUEST_BYTES and rows.num_rows > 1:
        middle = rows.num_rows // 2
        yield from _parts(rows.slice(0, middle))
        yield from _parts(rows.slice(middle))
    elif rows.num_rows:
        yield from rows.combine_chunks().to_batches()
