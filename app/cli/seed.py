"""`gateway seed`: demo data of any size."""

import datetime as dt
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Display

from app import migration
from app.cli.target import operational_database, say
from app.errors import StartError
from app.postgres import connect, place
from app.settings import Settings
from etl.demo import DemoPlan, Progress, SeedRefused, SeedResult, holds_data
from etl.demo import seed as fill
from etl.demo.plan import BRASILIA

_DEFAULT_ORDERS = 2_000
_INTERRUPTED = 130
_ALL = 10


def seed(
    orders: Annotated[int, typer.Option(help="How many orders; everything else follows.")] = _DEFAULT_ORDERS,
    customers: Annotated[int | None, typer.Option(help="How many pharmacies; by default 1 for 20 orders.")] = None,
    products: Annotated[int | None, typer.Option(help="How many products; by default 1 for 4 orders.")] = None,
    number: Annotated[int, typer.Option("--seed", help="Another number gives other data of the same kind.")] = 42,
    until: Annotated[
        dt.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The first day without orders; by default today.", metavar="DATE"),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of other demo data.")] = False,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Leave a database that holds any data.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Fill an empty database with demo data.

    Medicines and laboratories, pharmacies, two years of orders with their seasons, stock, prices, purchases and
    contacts, all made up. The same options give the same data; a fixed --until keeps it the same on another day.
    Data that is not demo data is never touched.

      gateway seed

      gateway seed --orders 100000 --until 2026-11-01

      gateway seed --orders 500 --products 2000 --seed 7 --replace
    """
    settings = Settings.load()
    plan = _plan(orders, customers, products, number, until)
    try:
        with operational_database(settings, command="gateway seed") as url:
            if settings.is_embedded:
                migration.upgrade(url, report=say)
            else:
                migration.require_in_step(url)
            with connect(url) as connection, _shown() as progress:
                if if_empty and holds_data(connection):
                    result = SeedResult(rows={}, written=False, replaced=False, seconds=0)
                else:
                    result = _fill(connection, plan, progress, replace=replace, where=place(url))
    except KeyboardInterrupt:
        say("stopped: nothing was changed")
        raise typer.Exit(_INTERRUPTED) from None
    typer.echo(_as_json(plan, result) if as_json else _in_words(result))


def _plan(orders: int, customers: int | None, products: int | None, number: int, until: dt.datetime | None) -> DemoPlan:
    day = until.date() if until else dt.datetime.now(BRASILIA).date()
    try:
        return DemoPlan.sized(orders, until=day, seed=number, customers=customers, products=products)
    except ValueError as error:
        raise StartError(str(error)) from None


def _fill(
    connection: psycopg.Connection, plan: DemoPlan, progress: Progress, *, replace: bool, where: str
) -> SeedResult:
    try:
        return fill(connection, plan, progress, replace=replace)
    except SeedRefused as error:
        raise StartError(str(error)) from None
    except psycopg.Error as error:
        reason = error.diag.message_primary or f"the connection ended ({type(error).__name__})"
        raise StartError(f"the database at {where} refused: {reason}; nothing was changed") from error


class _Bar:
    """Shows progress on a terminal as a bar of orders; elsewhere a line for each tenth of many."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._tenths = 0
        self._task: TaskID | None = None

    def note(self, text: str) -> None:
        say(text)

    def writing(self, table: str, done: int, orders: int) -> None:
        if self._task is None:
            self._task = self._display.add_task(table, total=orders)
        self._display.update(self._task, description=table, completed=done)
        tenths = 10 * done // orders
        if self._display.disable and self._tenths < tenths < _ALL:
            self._tenths = tenths
            say(f"{done:,} of {orders:,} orders")


@contextmanager
def _shown() -> Iterator[_Bar]:
    """Show progress on standard error while it is a terminal."""
    columns = (TextColumn("{task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Display(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as display:
        yield _Bar(display)


def _in_words(result: SeedResult) -> str:
    if not result.written:
        return f"nothing to do: the database holds {'this demo data' if result.rows else 'data'} already"
    counts = "\n".join(f"  {table:<22} {count:>12,}" for table, count in result.rows.items())
    return f"demo data in {result.seconds:.1f} s{', in place of other' if result.replaced else ''}:\n{counts}"


def _as_json(plan: DemoPlan, result: SeedResult) -> str:
    described = {
        "written": result.written,
        "replaced": result.replaced,
        "seed": plan.seed,
        "until": plan.until.isoformat(),
        "rows": result.rows,
        "seconds": round(result.seconds, 3),
    }
    return json.dumps(described)
