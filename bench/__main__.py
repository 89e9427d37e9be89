"""`python -m bench`: the comparison, and experiments of their own."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

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
from bench.telling import chosen, command, console, note_load, run, say, write
from bench.workloads import WORKLOADS

SERVERS = ("gateway", "postgraphile", "plain_strawberry", "handwritten")
KEYS = tuple(workload.key for workload in WORKLOADS)

program = command()


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
    workloads = chosen(only, KEYS, "--only")
    asked = chosen(servers, SERVERS, "--servers")
    if role not in ROLES:
        raise StartError(f"--role is {' or '.join(ROLES)}")
    find_wrk()
    node.install(say)
    note_load()
    with database.started(say) as measured:
        database.fill(measured.endpoints.owner_url, say)
        result = comparison.compare(
            measured,
            Plan(rounds, seconds, warm_up, CONNECTIONS),
            role=role,
            workloads=workloads,
            servers=asked,
            documents=documents if "gateway" in asked else 0,
            report=say,
        )
    write(output, result)
    if not show(result, console()) and strict:
        raise typer.Exit(1)


@program.command()
def sizes(
    rounds: Annotated[int, typer.Option(help="How often each question is measured.")] = 3,
    seconds: Annotated[int, typer.Option(help="For how long each time.")] = 4,
    output: Annotated[Path, typer.Option(help="Where the result is written.")] = LATEST_SIZES,
) -> None:
    """Measure whether latency grows from 100,000 to 10,000,000 orders; needs 4 GB of disk meanwhile."""
    find_wrk()
    note_load()
    with database.started(say) as measured:
        machine = describe(measured.endpoints.owner_url)
        result = measure_sizes(measured, seconds, rounds, say)
    write(output, {"machine": machine, "sizes": result})
    console().print(table(result))


@program.command()
def shapes(rounds: Annotated[int, typer.Option(help="How often each statement is run.")] = 100) -> None:
    """Measure ways of making the same JSON in SQL, by the processor time that they take."""
    note_load()
    with database.started(say) as measured:
        database.fill(measured.endpoints.owner_url, say)
        endpoints = measured.endpoints
        tables = asyncio.run(experiment(endpoints.owner_url, endpoints.database_url, rounds))
    shown = console()
    for one in tables:
        shown.print(one)


@program.command()
def audit(batches: Annotated[int, typer.Option(help="How many batches of each size are shipped.")] = 60) -> None:
    """Measure what an audit record costs the gateway and the database, by the processor time that it takes."""
    note_load()
    with database.started(say) as measured:
        found = asyncio.run(audit_table(measured, batches))
    console().print(found)


if __name__ == "__main__":
    run(program)
