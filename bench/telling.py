"""What the commands of both benchmarks tell: steps, results, goals, and what stops a run."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from app.errors import StartError
from bench.goals import Finding

_QUIET = 0.7
_WIDTH = 140


def command() -> typer.Typer:
    """Return the program that the commands of a benchmark are added to."""
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


def run(program: typer.Typer) -> None:
    """Run a program, and show what stops it as one line."""
    try:
        program()
    except StartError as error:
        say(f"error: {error}")
        raise SystemExit(1) from None


def say(message: str) -> None:
    """Tell of a step, beside the result."""
    typer.echo(message, err=True)


def note_load() -> None:
    """Say so where other programs use the machine."""
    busy = os.getloadavg()[0]
    if busy > _QUIET:
        say(f"note: other programs use this machine (load average {busy:.1f}): only ratios will mean something")


def chosen(given: str, known: Sequence[str], option: str) -> list[str]:
    """Return the names that an option lists with commas between."""
    names = [name.strip() for name in given.split(",")]
    if unknown := [name for name in names if name not in known]:
        raise StartError(f"{option}: {', '.join(unknown)} is none of {', '.join(known)}")
    return names


def write(path: Path, result: Mapping[str, Any]) -> None:
    """Keep a result."""
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    say(f"written to {path}")


def console() -> Console:
    """Return where tables are shown, wide enough for them in a file."""
    return Console(width=None if Console().is_terminal else _WIDTH)


def show_machine(machine: Mapping[str, Any], versions: Mapping[str, str], shown: Console) -> None:
    """Print what a result was measured on, with the versions of the programs by the keys that they have there."""
    shown.print(
        f"\n{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB; {machine['system']};"
        f" {', '.join(f'{name} {machine[key]}' for key, name in versions.items())};"
        f" load average before {machine['load_average']}"
    )


def show_goals(told: Iterable[Finding], shown: Console) -> bool:
    """Print what came of the goals; return whether all were met."""
    goals = Table("goal", "found", "", title="Goals")
    found = list(told)
    for one in found:
        goals.add_row(one.goal, one.found, "[green]met" if one.is_met else "[red]missed")
    shown.print(goals)
    return all(one.is_met for one in found)
