"""`gateway warehouse`: the warehouse, asked by SQL."""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated

import pyarrow as pa
import typer

from app.cli.tables import csv_lines, json_text
from app.cli.warehouse_reading import warehouse_reader
from app.errors import StartError
from app.settings import Settings
from resolvers.warehouse.reader import Limits, QueryFailed
from security.errors import GatewayError

_SIZE = 2**31

warehouse_commands = typer.Typer(help="Ask the warehouse.", no_args_is_help=True)


@warehouse_commands.callback()
def warehouse() -> None:
    """The warehouse of analytical data."""


@warehouse_commands.command()
def query(
    sql: Annotated[
        str, typer.Argument(metavar="SQL", help="One statement that reads; - reads it from standard input.")
    ],
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="A text to bind where the SQL has $NAME (BigQuery: @NAME); may repeat."),
    ] = None,
    max_rows: Annotated[int, typer.Option(min=1, help="Rows that the result may have; more is an error.")] = 1_000_000,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds that the query may take.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object with columns and rows.")] = False,
) -> None:
    """Print the rows of a query as CSV.

    Works whether or not a worker is running on the warehouse. The SQL is that of the warehouse, DuckDB or BigQuery; it
    can only read. A null is an empty cell, an empty text is ""; times are RFC 3339, amounts have all their digits.
    Nothing is printed on standard output unless the result is whole. A spreadsheet takes text that begins with one of
    = + - @ for a formula: import such columns as text.

      gateway warehouse query "select status, count(*) from raw.orders group by all"

      gateway warehouse query 'from marts.customer_360 where region = $region' --param region=Sul > sul.csv

      gateway warehouse query --json "select max(order_date) as newest from core.fact_orders" | jq -r '.rows[0].newest'

      gateway warehouse query - --timeout 300 < report.sql
    """
    settings = Settings.load()
    text = sys.stdin.read() if sql == "-" else sql
    found = asyncio.run(
        _found(
            settings,
            text,
            _parameters(param or []),
            Limits(max_rows, _SIZE, timeout, settings.warehouse_bytes_billed_max),
        )
    )
    _print(_lines(found, as_json=as_json))


async def _found(settings: Settings, sql: str, parameters: dict[str, str], limits: Limits) -> pa.Table:
    try:
        async with warehouse_reader(settings) as reader:
            return await reader.query(sql, parameters, limits)
    except (QueryFailed, GatewayError) as failed:
        raise StartError(str(failed)) from None


def _parameters(texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if wrong := [name for name, sign, _ in pairs if not sign or not name.isidentifier()]:
        raise StartError(f"--param {wrong[0]} is not NAME=TEXT")
    return {name: value for name, _, value in pairs}


def _lines(found: pa.Table, *, as_json: bool) -> Sequence[str]:
    """Return the whole result as text, before any of it is printed."""
    names = found.column_names
    if as_json and (twice := next((name for name in names if names.count(name) > 1), None)):
        raise StartError(f"two columns are called {twice}: name each of them otherwise, a JSON object has one")
    try:
        return [json_text(found) + "\n"] if as_json else list(csv_lines(found))
    except OverflowError:
        raise StartError("a date or time is outside the years 1 to 9999: cast it to text in the SQL") from None


def _print(lines: Iterable[str]) -> None:
    """Write to standard output, in UTF-8 whatever the terminal's own encoding, with line ends as they are."""
    with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as output:
        output.writelines(lines)
