"""Which models a run leaves out."""

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.models import changed, run
from etl.models.changed import changed_selection
from etl.models.results import RunResult
from etl.models.run import ModelRunner
from etl.models.staging import landing_tables


def test_what_depends_on_the_day_is_built_again_after_a_run_past_midnight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [dt.date(2026, 3, 5)]
    for module in (changed, run):
        monkeypatch.setattr(module, "today", lambda: days[0])

    def past_midnight(*_: str, **__: Any) -> RunResult:
        days[0] += dt.timedelta(days=1)
        return RunResult("a run", dt.datetime.now(dt.UTC), 1.0, is_full=False)

    with duckdb.connect() as connection:
        connection.execute("create schema raw; create schema pipeline; create schema staging")
        connection.execute("create table staging.national_holidays (day date)")
        connection.execute("create table pipeline.run_window (number bigint, load_id bigint)")
        connection.execute("insert into pipeline.run_window values (1, 7)")
        for table in landing_tables():
            connection.execute(f"create table raw.{table}__log (_load_id bigint)")
        runner = ModelRunner.on_duckdb(connection, tmp_path)
        monkeypatch.setattr(runner, "_dbt", past_midnight)
        runner.run()
        assert "int_clock+" in changed_selection(connection)
        monkeypatch.setattr(runner, "_dbt", lambda *_, **__: RunResult("b", dt.datetime.now(dt.UTC), 1.0, False))
        runner.run()
        assert "int_clock+" not in changed_selection(connection)
