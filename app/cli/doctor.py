"""`gateway doctor`: what the gateway would run on here, and what is wrong with it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from app.cli.target import say
from app.diagnosis import diagnose, look_at_machine
from app.diagnosis.finding import Finding, Health, problem
from app.errors import StartError
from app.settings import Settings, variable

_COLORS = {Health.OK: typer.colors.GREEN, Health.NOTE: typer.colors.YELLOW, Health.PROBLEM: typer.colors.RED}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Tell what is embedded, what is external, their versions, and what is wrong.

    Works whether or not a server is running; embedded servers that are stopped are started for the look. The exit
    status is 1 when something is wrong.

    Examples:

        gateway doctor

        gateway doctor --json
    """
    findings = _findings()
    wrong = sum(finding.health is Health.PROBLEM for finding in findings)
    if as_json:
        typer.echo(json.dumps({"ok": not wrong, "parts": [asdict(finding) for finding in findings]}, indent=2))
    else:
        _print(findings)
        typer.echo(f"\n{_summary(wrong)}")
    raise typer.Exit(1 if wrong else 0)


def _findings() -> list[Finding]:
    try:
        settings = Settings.load()
    except StartError as error:
        return [*look_at_machine(), problem("settings", error)]
    names = ", ".join(sorted(map(variable, settings.model_fields_set)))
    told = Finding("settings", Health.OK, f"{names} set" if names else "all at their defaults", facts={"set": names})
    return [told, *diagnose(settings, say)]


def _print(findings: Sequence[Finding]) -> None:
    width = max(len(finding.part) for finding in findings)
    for finding in findings:
        mark = typer.style(f"{finding.health:<7}", fg=_COLORS[finding.health])
        typer.echo(f"{mark}  {finding.part:<{width}}  {finding.text}")
        if finding.advice:
            typer.echo(f"{'':<{width + 11}}→ {finding.advice}")


def _summary(wrong: int) -> str:
    if not wrong:
        return "Nothing is wrong."
    return "1 part has a problem." if wrong == 1 else f"{wrong} parts have problems."
