"""`python -m bench`: the comparison, and experiments of their own."""

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.errors import StartError
from bench import comparison, database, node
from bench.audit import table as audit_table
from bench.load import find_wrk
from bench.machine import describe
from bench.measure import Plan
from bench.peers import CONNECTIONS, ROLES
from bench.places import LATEST, LATEST_SIZES
from bench.report import show
from bench.shapes.experiment import experiment
from bench.sizes import measure as measure_sizes
from bench.sizes import table
from bench.workloads import WORKLOADS

SERVERS = ("gateway", "postgraphile", "plain_strawberry", "handwritten")
KEYS = tuple(workload.key for workload in WORKLOADS)
_QUIET = 0.7
_WIDTH = 140

program = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@program.callback(invoke_without_command=True)
def compare(
    context: typer.Context,
    rounds: Annotated[int, typer.Option(help="How often each server is measured on each workload.")] = 3,
    seconds: Annotated[int, typer.Option(help="For how long each time.")] = 8,
    warm_up: Annotated[int, typer.Option(help="Seconds of load before each time.")] = 2,
    only: Annotated[str, typer.Option(help="Workloads, with commas between.")] = ",".join(KEYS),
    servers: Annotated[str, typer.Option(help="Servers, with commas between.")] = ",".join(SERVERS),
    role: Annotated[str, typer.Option(help=f"Who asks the gateway: {' or '.join(ROLES)}.")] = "admin",
    documents: Annotated[int, typer.Option(help="Distinct documents for the measurement of memory.")] = 10_000,
    output: Annotated[Path, typer.Option(help="Where the result is written.")] = LATEST,
    strict: Annotated[bool, typer.Option("--strict", help="Fail when a goal is missed.")] = False,
) -> None:
    """Measure the gateway beside PostGraphile, plain Strawberry and a hand-written handler."""
    if context.invoked_subcommand is not None:
        return
    console = Console(width=None if Console().is_terminal else _WIDTH)
    workloads = _chosen(only, KEYS, "--only")
    chosen = _chosen(servers, SERVERS, "--servers")
    if role not in ROLES:
        raise StartError(f"--role is {' or '.join(ROLES)}")
    find_wrk()
    node.install(say)
    _note_load()
    with database.started(say) as measured:
        database.fill(measured.endpoints.owner_url, say)
        result = comparison.compare(
            measured,
            Plan(rounds, seconds, warm_up, CONNECTIONS),
            role=role,
            workloads=workloads,
            servers=chosen,
            documents=documents if "gateway" in chosen else 0,
            report=say,
        )
    _write(output, result)
    if not show(result, console) and strict:
        raise typer.Exit(1)


@program.command()
def sizes(
    rounds: Annotated[int, typer.Option(help="How often each question is measured.")] = 3,
    seconds: Annotated[int, typer.Option(help="For how long each time.")] = 4,
    output: Annotated[Path, typer.Option(help="Where the result is written.")] = LATEST_SIZES,
) -> None:
    """Measure whether latency grows from 100,000 to 10,000,000 orders; needs 4 GB of disk meanwhile."""
    find_wrk()
    _note_load()
    with database.started(say) as measured:
        machine = describe(measured.endpoints.owner_url)
        result = measure_sizes(measured, seconds, rounds, say)
    _write(output, {"machine": machine, "sizes": result})
    Console().print(table(result))


@program.command()
def shapes(rounds: Annotated[int, typer.Option(help="How often each statement is run.")] = 100) -> None:
    """Measure ways of making the same JSON in SQL, by the processor time that they take."""
    _note_load()
    with database.started(say) as measured:
        database.fill(measured.endpoints.owner_url, say)
        endpoints = measured.endpoints
        tables = asyncio.run(experiment(endpoints.owner_url, endpoints.database_url, rounds))
    console = Console(width=None if Console().is_terminal else _WIDTH)
    for one in tables:
        console.print(one)


@program.command()
def audit(batches: Annotated[int, typer.Option(help="How many batches of each size are shipped.")] = 60) -> None:
    """Measure what an audit record costs the gateway and the database, by the processor time that it takes."""
    _note_load()
    with database.started(say) as measured:
        found = asyncio.run(audit_table(measured, batches))
    Console(width=None if Console().is_terminal else _WIDTH).print(found)


def say(message: str) -> None:
    """Tell of a step, beside the result."""
    typer.echo(message, err=True)


def _chosen(given: str, known: tuple[str, ...], option: str) -> list[str]:
    names = [name.strip() for name in given.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise StartError(f"{option}: {', '.join(unknown)} is none of {', '.join(known)}")
    return names


def _note_load() -> None:
    busy = os.getloadavg()[0]
    if busy > _QUIET:
        say(f"note: other programs use this machine (load average {busy:.1f}): only ratios will mean something")


def _write(path: Path, result: dict[str, Any]) -> None:
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    say(f"written to {path}")


def main() -> None:
    """Run, and show what stops a run as one line."""
    try:
        program()
    except StartError as error:
        say(f"error: {error}")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
