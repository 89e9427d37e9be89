"""BigQuery, asked by the gateway: SELECT only, bounded in rows, bytes, money and time."""

import asyncio
import datetime as dt
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
import requests
from google.api_core import exceptions as google
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from google.cloud.bigquery.query import _AbstractQueryParameter as Parameter
from google.cloud.bigquery.retry import DEFAULT_RETRY

from resolvers.warehouse.reader import (
    LIMITS,
    Limits,
    QueryFailed,
    WarehouseTimedOut,
    WarehouseTooExpensive,
    WarehouseUnavailable,
)

_LABELS: Final = {"application": "cienty-gateway", "part": "gateway"}
_KEPT_CHECKS: Final = 1000
_QUERIES: Final = 8
_CANCEL_SECONDS: Final = 5.0
_USED_UP: Final = {"quotaExceeded", "rateLimitExceeded"}
_FAULTS: Final = (google.GoogleAPICallError, GoogleAuthError, requests.RequestException, google.RetryError)
_TYPES: Final[Mapping[type, str]] = {
    bool: "BOOL",
    int: "INT64",
    float: "FLOAT64",
    Decimal: "BIGNUMERIC",
    str: "STRING",
    bytes: "BYTES",
    dt.datetime: "TIMESTAMP",
    dt.date: "DATE",
    dt.time: "TIME",
}


@dataclass(frozen=True)
class BigQueryReader:
    """Reads the datasets of a project whose names begin with `dataset`.

    The account needs `roles/bigquery.dataViewer` on them and `roles/bigquery.jobUser` in the project, and should have
    nothing else. `client` is shared by all queries, of which eight run at a time and others wait. Rows come by pages of
    the REST interface: the one for storage needs further rights.
    """

    client: bigquery.Client
    dataset: str
    _checked: set[str] = field(default_factory=set, repr=False)
    # Threads of their own: the loop's look names up for everybody else.
    _threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_QUERIES, thread_name_prefix="bigquery"), repr=False
    )

    @classmethod
    def at(
        cls, project: str, dataset: str, location: str | None = None, endpoint: str | None = None
    ) -> "BigQueryReader":
        """Return a reader; `endpoint` is that of a test's stand-in for Google's server."""
        if endpoint is None:
            return cls(bigquery.Client(project=project, location=location), dataset)
        options = ClientOptions(api_endpoint=endpoint)
        return cls(bigquery.Client(project, AnonymousCredentials(), client_options=options), dataset)

    async def query(self, sql: str, parameters: Mapping[str, Any] | None = None, limits: Limits = LIMITS) -> pa.Table:
        """Return the rows of a query, as the interface says."""
        bound = [_parameter(name, value) for name, value in (parameters or {}).items()]
        asked, loop = _Asked(), asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limits.seconds):
                return await loop.run_in_executor(self._threads, self._rows, sql, bound, limits, asked)
        except TimeoutError:
            await asyncio.to_thread(asked.give_up)
            raise WarehouseTimedOut(
                f"the query was ended after {limits.seconds:g} s: ask for less, or allow more time"
            ) from None
        except asyncio.CancelledError:
            await asyncio.to_thread(asked.give_up)
            raise

    def parameter(self, name: str) -> str:
        """Return how the SQL names a bound value."""
        return f"@{name}"

    def among(self, expression: str, name: str) -> str:
        """Return the condition that an expression is one of a bound list of values."""
        return f"{expression} in unnest({self.parameter(name)})"

    def table(self, layer: str, name: str) -> str:
        """Return how the SQL names a table or view of a layer."""
        return f"`{self.client.project}`.`{self.dataset}_{layer}`.`{name}`"

    async def close(self) -> None:
        """Let connections go."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self.client.close()

    def _rows(self, sql: str, parameters: list[Parameter], limits: Limits, asked: "_Asked") -> pa.Table:
        try:
            self._check_reads(sql, parameters, limits)
            settings = _settings(parameters, limits)
            job = self.client.query(
                sql, job_config=settings, job_retry=None, retry=_retry(limits), timeout=limits.seconds
            )
            asked.began(job)
            return _result(job, limits)
        except _FAULTS as fault:
            raise _explained(fault, limits) from None

    def _check_reads(self, sql: str, parameters: list[Parameter], limits: Limits) -> None:
        """Let BigQuery itself say what a statement is, which costs nothing and is known from then on."""
        if sql in self._checked:
            return
        settings = bigquery.QueryJobConfig(dry_run=True, query_parameters=parameters, labels=_LABELS)
        asked = self.client.query(
            sql, job_config=settings, job_retry=None, retry=_retry(limits), timeout=limits.seconds
        )
        if asked.statement_type != "SELECT":
            raise QueryFailed(f"{asked.statement_type or 'this'} is refused: the warehouse answers SELECT")
        if len(self._checked) < _KEPT_CHECKS:
            self._checked.add(sql)


class _Asked:
    """The job of a query, until whoever asked gives it up: a job that begins afterwards is ended at once."""

    def __init__(self) -> None:
        self._job: bigquery.QueryJob | None = None
        self._is_given_up = False
        self._turn = threading.Lock()

    def began(self, job: bigquery.QueryJob) -> None:
        """Say which job it is."""
        with self._turn:
            self._job = job
            if self._is_given_up:
                _cancel(job)

    def give_up(self) -> None:
        """End the job, where it began."""
        with self._turn:
            self._is_given_up = True
            if self._job is not None:
                _cancel(self._job)


def _cancel(job: bigquery.QueryJob) -> None:
    # One that BigQuery doesn't hear ends by its own timeout.
    with suppress(*_FAULTS):
        job.cancel(retry=None, timeout=_CANCEL_SECONDS)


def _result(job: bigquery.QueryJob, limits: Limits) -> pa.Table:
    rows = job.result(timeout=limits.seconds, retry=_retry(limits), job_retry=None)
    if (rows.total_rows or 0) > limits.rows:
        raise WarehouseTooExpensive(f"the result has more than {limits.rows:,} rows: ask for fewer")
    if not rows.total_rows:
        return rows.to_arrow(create_bqstorage_client=False)
    found, size = [], 0
    for page in rows.to_arrow_iterable():
        size += page.nbytes
        if size > limits.size:
            raise WarehouseTooExpensive(f"the result has more than {limits.size:,} bytes: ask for less")
        found.append(page)
    return pa.Table.from_batches(found)


def _settings(parameters: list[Parameter], limits: Limits) -> bigquery.QueryJobConfig:
    return bigquery.QueryJobConfig(
        query_parameters=parameters,
        maximum_bytes_billed=limits.billed,
        labels=_LABELS,
        job_timeout_ms=int(limits.seconds * 1000),
    )


def _retry(limits: Limits) -> Any:
    return DEFAULT_RETRY.with_timeout(limits.seconds)


def _parameter(name: str, value: Any) -> Parameter:
    """Return a bound value. An absent one counts as text, and an empty list as one of whole numbers."""
    if isinstance(value, list | tuple):
        return bigquery.ArrayQueryParameter(name, _kind(value[0]) if value else "INT64", list(value))
    return bigquery.ScalarQueryParameter(name, "STRING" if value is None else _kind(value), value)


def _kind(value: Any) -> str:
    found = _TYPES.get(type(value))
    if found is None:
        raise QueryFailed(f"a value of the type {type(value).__name__} can't be bound")
    return found


def _explained(fault: Exception, limits: Limits) -> Exception:
    reasons = {error.get("reason") for error in getattr(fault, "errors", ()) if isinstance(error, dict)}
    if "bytesBilledLimitExceeded" in reasons:
        return WarehouseTooExpensive(
            f"the query would read more than the {limits.billed:,} bytes that may be billed: narrow it by a partition"
        )
    if reasons & _USED_UP:
        return WarehouseUnavailable("BigQuery's quota is used up for the moment: try again later")
    if "timeout" in reasons or isinstance(fault, google.GatewayTimeout | requests.Timeout):
        return WarehouseTimedOut(f"BigQuery did not answer within {limits.seconds:g} s")
    if isinstance(fault, google.BadRequest | google.NotFound):
        told = [error["message"] for error in fault.errors if isinstance(error, dict) and "message" in error]
        return QueryFailed(told[0] if told else fault.message)
    if isinstance(fault, google.Forbidden | GoogleAuthError):
        return WarehouseUnavailable("BigQuery refuses the gateway's account: it needs dataViewer and jobUser")
    return WarehouseUnavailable(f"BigQuery does not answer ({type(fault).__name__})")
