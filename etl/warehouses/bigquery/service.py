"""BigQuery as the worker asks it: labelled, bounded in bytes and in time."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar, cast

import grpc
import pyarrow as pa
from google.api_core.client_options import ClientOptions
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import BigQueryWriteGrpcTransport

from etl.warehouses.bigquery.faults import Pauses, persist

LABELS: Final = {"application": "cienty-gateway", "part": "etl"}
SECONDS: Final = 60.0
"""How long one request may take."""

# The clients' own retries would hide what faults.py decides. They take None, though their types don't say so.
ONCE: Final = cast("Retry", None)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Place:
    """Where the warehouse is: the datasets whose names begin with `dataset`, in a project and a location.

    No query may bill more than `maximum_bytes`. The endpoints are those of a test's stand-in for Google's servers.
    """

    project: str
    dataset: str
    location: str = "southamerica-east1"
    maximum_bytes: int = 100 * 2**30
    rest_endpoint: str | None = None
    grpc_endpoint: str | None = None

    @property
    def raw(self) -> str:
        """The dataset of the raw layer."""
        return f"{self.dataset}_raw"

    def name(self, table: str) -> str:
        """Return a table of the raw layer as SQL has it."""
        return f"`{self.project}`.`{self.raw}`.`{table}`"

    def path(self, table: str) -> str:
        """Return a table of the raw layer as the clients have it."""
        return f"{self.project}.{self.raw}.{table}"


class Service:
    """The clients, and queries. A fault that passes is waited for, `patience` seconds at the most."""

    def __init__(self, place: Place, patience: float = 600.0) -> None:
        self.place = place
        self.patience = patience
        self._is_given_up = threading.Event()
        self.rest = _rest_client(place)
        self.writing = _write_client(place)

    def query(self, sql: str, seconds: float = 600.0) -> pa.Table:
        """Return the rows of a statement."""
        return self.rows(self.run(sql), seconds)

    def run(self, sql: str) -> bigquery.QueryJob:
        """Begin a statement, which is one job however often it has to be asked for."""
        settings = bigquery.QueryJobConfig(maximum_bytes_billed=self.place.maximum_bytes, labels=LABELS)
        name = f"cienty_{uuid.uuid4().hex}"
        return self.ask(lambda: self._query(sql, settings, name), done=lambda: self._job(name))

    def rows(self, job: bigquery.QueryJob, seconds: float = 600.0) -> pa.Table:
        """Return the rows of a job, when it is done."""
        return self.ask(lambda: _rows(job, seconds))

    def ask(self, action: Callable[[], Result], done: Callable[[], Result] | None = None) -> Result:
        """Ask for something that can be asked again in the same words, until its outcome is known."""
        return persist(action, Pauses(self.patience, self._is_given_up.wait), done)

    def give_up(self) -> None:
        """Wait for no fault to pass any more: what is being asked for fails with the next one."""
        self._is_given_up.set()

    def _query(self, sql: str, settings: bigquery.QueryJobConfig, name: str) -> bigquery.QueryJob:
        return self.rest.query(sql, job_config=settings, job_id=name, retry=ONCE, job_retry=None, timeout=SECONDS)

    def _job(self, name: str) -> bigquery.QueryJob:
        return cast("bigquery.QueryJob", self.rest.get_job(name, retry=ONCE, timeout=SECONDS))

    def close(self) -> None:
        """Let the connections go."""
        self.writing.transport.close()
        self.rest.close()


def _rows(job: bigquery.QueryJob, seconds: float) -> pa.Table:
    return job.result(timeout=seconds).to_arrow(create_bqstorage_client=False)


def _rest_client(place: Place) -> bigquery.Client:
    if place.rest_endpoint is None:
        return bigquery.Client(project=place.project, location=place.location)
    return bigquery.Client(
        project=place.project,
        credentials=AnonymousCredentials(),
        client_options=ClientOptions(api_endpoint=place.rest_endpoint),
    )


def _write_client(place: Place) -> BigQueryWriteClient:
    if place.grpc_endpoint is None:
        return BigQueryWriteClient()
    channel = grpc.insecure_channel(place.grpc_endpoint)
    return BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))
