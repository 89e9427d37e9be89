"""`python -m bench.etl`: the ETL beside PostgreSQL's own programs, in one run on one machine."""

import json
import os
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.errors import StartError
from bench.etl import copying, latency, memory, models, streaming
from bench.etl.report import show
from bench.etl.runs import Clock, in_process
from bench.etl.source import Operational, operational
from bench.machine import describe_machine
from bench.places import LATEST_ETL

PARTS = ("stream", "copy", "latency", "memory", "models")
_QUIET = 0.7
_WIDTH = 120

program = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


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
    chosen = [name.strip() for name in only.split(",")]
    if unknown := [name for name in chosen if name not in PARTS]:
        raise StartError(f"--only: {', '.join(unknown)} is none of {', '.join(PARTS)}")
    if os.getloadavg()[0] > _QUIET:
        say(f"note: other programs use this machine (load average {os.getloadavg()[0]:.1f}): trust ratios only")
    parts: dict[str, Callable[[Operational], Any]] = {
        "stream": lambda database: streaming.measure(database, changes, rounds, say),
        "copy": lambda database: copying.measure(database, rows, rounds, say),
        "latency": lambda database: latency.measure(database, rate, seconds, say),
        "memory": lambda database: memory.measure(database, rows, say),
        "models": lambda _: _models(orders),
    }
    with operational(say) as database:
        machine = {**describe_machine(database.url), "duckdb": version("duckdb"), "pyarrow": version("pyarrow")}
        result: dict[str, Any] = {"machine": machine} | {
            name: parts[name](database) for name in PARTS if name in chosen
        }
    output.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    say(f"written to {output}")
    if not show(result, Console(width=None if Console().is_terminal else _WIDTH)) and strict:
        raise typer.Exit(1)


def _models(orders: int) -> Any:
    say(f"models of {orders:,} orders, built in full and brought up to date")
    with tempfile.TemporaryDirectory() as folder:
        return in_process(_build_models, orders, Path(folder)).found


def _build_models(_: Clock, orders: int, folder: Path) -> Any:
    return models.measure(orders, folder)


def say(message: str) -> None:
    """Tell of a step, beside the result."""
    typer.echo(message, err=True)


def main() -> None:
    """Run, and show what stops a run as one line."""
    try:
        program()
    except StartError as error:
        say(f"error: {error}")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
