"""`python -m bench.etl`: the ETL beside PostgreSQL's own programs, in one run on one machine."""

import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.etl import copying, latency, memory, models, streaming
from bench.etl.report import show
from bench.etl.runs import in_process
from bench.etl.source import Operational, operational
from bench.machine import describe_machine
from bench.places import LATEST_ETL
from bench.telling import chosen, command, console, note_load, run, say, write

PARTS = ("stream", "copy", "latency", "memory", "models")

program = command()


@program.command()
def measure(
    only: Annotated[str, typer.Option(help="Parts to measure, with commas between.")] = ",".join(PARTS),
    rounds: Annotated[int, typer.Option(help="How often streams and copies are measured.")] = 3,
    changes: Annotated[int, typer.Option(help="Changes of a stream.")] = 500_000,
    rows: Annotated[int, typer.Option(help="Rows of a copy, and of the large transaction.")] = 1_000_000,
    rate: Annotated[int, typer.Option(help="Transactions a second while latency is measured.")] = 200,
    seconds: Annotated[int, typer.Option(help="For how long.")] = 20,
    orders: Annotated[int, typer.Option(help="Orders that models are built of.")] = 1_000_000,
    output: Annotated[Path, typer.Option(help="Where the result is written.")] = LATEST_ETL,
    strict: Annotated[bool, typer.Option("--strict", help="Fail when a goal is missed.")] = False,
) -> None:
    """Measure streaming, copying, latency, memory and models."""
    asked = chosen(only, PARTS, "--only")
    note_load()
    parts: dict[str, Callable[[Operational], Any]] = {
        "stream": lambda database: streaming.measure(database, changes, rounds, say),
        "copy": lambda database: copying.measure(database, rows, rounds, say),
        "latency": lambda database: latency.measure(database, rate, seconds, say),
        "memory": lambda database: memory.measure(database, rows, say),
        "models": lambda _: _models(orders),
    }
    with operational(say) as database:
        machine = {**describe_machine(database.url), "duckdb": version("duckdb"), "pyarrow": version("pyarrow")}
        result: dict[str, Any] = {"machine": machine} | {name: parts[name](database) for name in PARTS if name in asked}
    write(output, result)
    if not show(result, console()) and strict:
        raise typer.Exit(1)


def _models(orders: int) -> Any:
    say(f"models of {orders:,} orders, built in full and brought up to date")
    with tempfile.TemporaryDirectory() as folder:
        return in_process(models.build, orders, Path(folder)).found


if __name__ == "__main__":
    run(program)
