"""`gateway etl snapshot`."""

import os
import time
from collections.abc import Sequence
from typing import Annotated

import psycopg
import typer

from app.cli.etl.target import Bars, migrated_source, shown
from app.errors import StartError
from app.settings import Settings
from app.worker.reports import running_worker
from app.worker.sources import require_log
from etl.changes import CopyAgain, table_shapes
from etl.sources.commands import ask_for_copy
from etl.sources.postgres_wal.slot import slot_state
from etl.worker.source import Source
from schema.entities import ENTITIES

_LOOK_EVERY = 0.2


def snapshot(
    tables: Annotated[
        list[str] | None, typer.Argument(metavar="[TABLE]…", help="The tables; all of them when none is named.")
    ] = None,
    low: Annotated[int | None, typer.Option(help="Only rows whose key is not below this.", show_default=False)] = None,
    high: Annotated[int | None, typer.Option(help="Only rows whose key is not above this.", show_default=False)] = None,
) -> None:
    """Copy tables into the warehouse again, while changes go on streaming.

    A running worker is asked through the database's log, wherever it runs. Without one, all tables are copied by this
    command, which leaves the slot from which `gateway etl stream` goes on; single tables wait for the next worker.

    What the warehouse had of a table stays readable until its copy is whole. Rows that the database no longer has go
    with it; a part of a table, --low and --high, only adds and corrects rows.

      gateway etl snapshot

      gateway etl snapshot orders order_items

      gateway etl snapshot orders --low 1000 --high 2000
    """
    settings = Settings.load()
    require_log(settings, "gateway etl snapshot")
    wanted = _wanted(tables or [], low, high)
    with migrated_source(settings, command="gateway etl snapshot") as url, shown() as progress:
        if running_worker(settings) is None and not tables:
            from app.worker.running import copy_once

            copy_once(settings, url, progress)
            return
        _ask(Source(url, settings.etl_slot), wanted)
        if running_worker(settings) is None:
            typer.echo("asked for: the next worker copies it")
        else:
            _follow(settings, wanted, progress)


def _wanted(tables: Sequence[str], low: int | None, high: int | None) -> list[CopyAgain]:
    landing = [shape.table for shape in table_shapes(ENTITIES)]
    if unknown := sorted(set(tables) - set(landing)):
        raise StartError(f"{unknown[0]} does not land in the warehouse: name one of {', '.join(landing)}")
    if (low is None) != (high is None):
        raise StartError("--low and --high are given together or not at all")
    if low is not None and len(tables) != 1:
        raise StartError("--low and --high need one table, whose keys they are")
    number = os.urandom(4).hex()
    return [CopyAgain(table, f"{number}:{table}", low, high) for table in tables or landing]


def _ask(source: Source, wanted: Sequence[CopyAgain]) -> None:
    try:
        with source.connect() as connection:
            if slot_state(connection, source.slot) is None:
                raise StartError(
                    f"there is no slot {source.slot} yet: run `gateway etl stream`, which copies all tables"
                )
            for one in wanted:
                ask_for_copy(connection, one)
    except psycopg.Error as error:
        raise StartError(f"the database refused ({type(error).__name__})") from None


def _follow(settings: Settings, wanted: Sequence[CopyAgain], progress: Bars) -> None:
    """Show how the copies go on until all of them are done."""
    left = {one.id for one in wanted}
    while left:
        told = running_worker(settings)
        if told is None:
            raise StartError("the worker has ended: ask again when one runs")
        for copy in told["copies"]:
            if copy["id"] in left and copy["state"] != "waiting":
                is_done = copy["state"] == "done"
                progress.copying(copy["table"], copy["done"], copy["done"] if is_done else copy["done"] + 1)
                left -= {copy["id"]} if is_done else set()
        time.sleep(_LOOK_EVERY)
