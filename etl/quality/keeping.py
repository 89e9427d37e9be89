"""Results of checks as rows with history: `pipeline.check_result`."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import duckdb

from etl.quality.check import Finding

_TABLE: Final = """
create schema if not exists pipeline;
create table if not exists pipeline.check_result (
    run_id varchar, checked_at timestamptz, check_name varchar, kind varchar, table_name varchar, column_name varchar,
    severity varchar, status varchar, examined bigint, violations bigint, tolerated bigint, detail varchar
);
"""


def prepare_results(cursor: duckdb.DuckDBPyConnection) -> None:
    """Make the table of results, if it is not there."""
    cursor.execute(_TABLE)


def keep_findings(cursor: duckdb.DuckDBPyConnection, findings: Sequence[Finding], at: dt.datetime) -> None:
    """Add the findings of one run."""
    run = uuid.uuid4().hex
    rows = [
        (
            *(run, at, one.check.name, one.check.kind, one.check.table, one.check.column, one.check.severity),
            *(one.status, one.examined, one.violations, one.tolerated, one.detail),
        )
        for one in findings
    ]
    if rows:
        cursor.executemany(f"insert into pipeline.check_result values ({', '.join('?' * len(rows[0]))})", rows)
