"""While BigQuery is away the worker goes on, and ends when it is told to."""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from etl.warehouses.bigquery.service import Place
from etl.warehouses.bigquery.warehouse import BigQueryWarehouse, Pace
from tests.emulator import Emulator
from tests.etl.warehouses.opening import AT_ONCE
from tests.etl.warehouses.things import INSERT, SHAPE, batch, content


def test_nothing_but_sending_waits_for_bigquery_that_is_away(bigquery: Emulator, tmp_path: Path) -> None:
    made = BigQueryWarehouse(bigquery.place(), tmp_path / "j.duckdb", AT_ONCE, patience=5.0)
    made.prepare([SHAPE])
    for lsn in (1, 2):
        made.append(batch([(lsn, 0, INSERT, lsn, None, 0, lsn, "x")], lsn))
        assert len(content(made)) == lsn
    connection: Any = made._mirror._service.rest._connection
    connection.API_BASE_URL = "http://127.0.0.1:1"
    began = time.monotonic()
    made.compact("things")
    made.prune(dt.timedelta(0))
    assert time.monotonic() - began < 1
    made.close()


def test_closing_does_not_wait_until_patience_ends(tmp_path: Path) -> None:
    nowhere = Place("test", "d", rest_endpoint="http://127.0.0.1:1", grpc_endpoint="127.0.0.1:1")
    made = BigQueryWarehouse(nowhere, tmp_path / "j.duckdb", Pace(sending=0.02), patience=600.0)
    made.prepare([SHAPE])
    made.fence("me")
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    asked = made._mirror._service
    with ThreadPoolExecutor(2) as beside:
        waiting = beside.submit(asked.query, "select 1")
        time.sleep(0.5)
        beside.submit(made.close)
        with pytest.raises(requests.ConnectionError):
            waiting.result(10)
