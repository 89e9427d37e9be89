"""`gateway etl status`."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any, Final

import psycopg
import typer

from app.cli.etl.target import source_database
from app.cli.warehouse_reading import file_reader
from app.errors import StartError
from app.settings import Settings
from app.settings.sources import POSTGRES_WAL
from app.worker.reports import running_worker
from app.worker.status import Ask, Row, SourceStatus, WarehouseStatus, look_at_source, look_at_warehouse
from app.worker.warehouse import owned_file
from etl.changes import table_shapes
from etl.worker.guard import Exposure
from etl.worker.source import Source
from schema.entities import ENTITIES
from security.errors import GatewayError

# Checks that are named; --json has all of them.
_SHOWN: Final = 10


def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Tell how the warehouse stands: its lag, the slot, rows and dead letters of tables, the last jobs.

    Works whether or not a worker is running. The exit status is 1 when something needs somebody: what it is stands
    under `alarms`.

      gateway etl status

      gateway etl status --json | jq .lag_bytes
    """
    settings = Settings.load()
    warehouse, fault = _warehouse(settings)
    worker = running_worker(settings)
    source = _source(settings, warehouse.position) if settings.etl_source == POSTGRES_WAL else None
    slot_alarm = source and source.exposure.alarm
    alarms = [text for text in (fault, slot_alarm, worker and worker["fault"], *warehouse.alarms) if text]
    told = _described(settings.etl_slot, worker, source, warehouse, alarms)
    typer.echo(json.dumps(told, indent=2, default=str) if as_json else _in_words(told))
    raise typer.Exit(1 if alarms else 0)


def _warehouse(settings: Settings) -> tuple[WarehouseStatus, str | None]:
    """Return how the warehouse stands, and why it can't be told where it can't."""
    try:
        with _asking(settings) as ask:
            return look_at_warehouse(ask, table_shapes(ENTITIES)), None
    except (StartError, GatewayError) as error:
        return WarehouseStatus(None), str(error)


def _source(settings: Settings, position: int | None) -> SourceStatus:
    """Ask the database whose log is read."""
    with source_database(settings, command="gateway etl status") as url:
        try:
            return look_at_source(Source(url, settings.etl_slot), position)
        except psycopg.OperationalError as error:
            raise StartError(f"the database does not answer ({type(error).__name__})") from None


@contextmanager
def _asking(settings: Settings) -> Iterator[Ask]:
    """Give what runs queries on the worker's own file, one after the other: the warehouse or BigQuery's journal."""
    with asyncio.Runner() as runner:
        context = file_reader(owned_file(settings))
        reader = runner.run(context.__aenter__())
        try:

            def ask(sql: str) -> Sequence[Row]:
                rows: list[Row] = runner.run(reader.query(sql)).to_pylist()
                return rows

            yield ask
        finally:
            runner.run(context.__aexit__(None, None, None))


def _described(
    slot: str,
    worker: Mapping[str, Any] | None,
    source: SourceStatus | None,
    warehouse: WarehouseStatus,
    alarms: Sequence[str],
) -> dict[str, Any]:
    return {
        "worker": worker,
        "lag_bytes": source and source.lag_bytes,
        "lag_seconds": worker and worker["lag_seconds"],
        "slot": source and _slot(slot, source.exposure),
        "position": warehouse.position,
        "tables": [asdict(table) for table in warehouse.tables],
        "runs": [asdict(run) for run in warehouse.runs],
        "checks": warehouse.checks,
        "tolerated": [asdict(one) for one in warehouse.tolerated],
        "alarms": alarms,
    }


def _slot(name: str, exposed: Exposure) -> dict[str, Any]:
    state = {"name": name, **(asdict(exposed.slot) if exposed.slot else {"wal_status": "absent"})}
    return {**state, "limit_bytes": exposed.limit, "used": round(exposed.used, 4)}


def _in_words(told: Mapping[str, Any]) -> str:
    lines = [_of_worker(told["worker"]), *([_of_slot(told["slot"])] if told["slot"] else []), _of_warehouse(told)]
    if told["tables"]:
        lines += ["", f"{'table':<24}{'rows':>14}{'dead letters':>14}"]
        lines += [f"{row['table']:<24}{row['rows']:>14,}{row['dead_letters']:>14,}" for row in told["tables"]]
        lines += [f"  {row['table']} lacks {reason}" for row in told["tables"] for reason in row["lacks"]]
    if told["checks"]:
        lines += ["", _of_checks(told["checks"])]
        lines += [
            f"  {one['check']}: {one['violations']:,} of {one['tolerated']:,} tolerated" for one in told["tolerated"]
        ]
    if told["runs"]:
        lines += ["", f"{'job':<14}{'asked by':<10}{'began':<21}{'seconds':>9}  {'result':<8}{'rows':>12}"]
        lines += [_run(run) for run in told["runs"]]
    return "\n".join([*lines, *(f"\nalarm: {text}" for text in told["alarms"])])


def _run(run: Mapping[str, Any]) -> str:
    began, ended = run["started_at"], run["ended_at"]
    seconds = f"{(ended - began).total_seconds():,.1f}" if ended else ""
    rows = "" if run["rows"] is None else f"{run['rows']:,}"
    detail = f"  {run['detail']}" if run["detail"] else ""
    what = f"{run['kind']:<14}{run['origin']:<10}{began:%Y-%m-%d %H:%M:%S}"
    return f"{what}  {seconds:>9}  {run['result']:<8}{rows:>12}{detail}"


def _of_checks(checks: Mapping[str, Sequence[str]]) -> str:
    counts = ", ".join(f"{len(names)} {status}" for status, names in sorted(checks.items()))
    bad = [name for status, names in sorted(checks.items()) if status not in ("pass", "empty") for name in names]
    return "\n".join([f"checks     {counts}", *(f"  {name}" for name in bad[:_SHOWN])])


def _of_worker(worker: Mapping[str, Any] | None) -> str:
    if worker is None:
        return "worker     none runs on this data folder"
    behind = f"{worker['lag_seconds']:.1f} s since the last change or heartbeat"
    return f"worker     {worker['phase']}, process {worker['pid']}, {behind}; {worker['url']}/metrics"


def _of_slot(slot: Mapping[str, Any]) -> str:
    if "kept_bytes" not in slot:
        return f"slot       {slot['name']}: not made yet"
    used = "active" if slot["is_active"] else "nobody reads it"
    limit = "without a limit" if slot["limit_bytes"] is None else f"of {_megabytes(slot['limit_bytes'])}"
    return (
        f"slot       {slot['name']}: {slot['wal_status']}, {used}, keeps {_megabytes(slot['kept_bytes'] or 0)} {limit}"
    )


def _of_warehouse(told: Mapping[str, Any]) -> str:
    if told["position"] is None:
        return "warehouse  nothing was copied yet"
    if told["lag_bytes"] is None:
        return "warehouse  fed from elsewhere than the database's log"
    return f"warehouse  {told['lag_bytes']:,} bytes of log behind the database"


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"
