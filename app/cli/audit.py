"""`gateway audit`: the audit log, verified."""

import json
from typing import Annotated

import typer

from app.audit.running import anchors, audit_secret
from app.audit.verification import Verdict, verify
from app.cli.target import operational_database
from app.settings import Settings

audit_commands = typer.Typer(add_completion=False, no_args_is_help=True)


@audit_commands.callback()
def audit() -> None:
    """The log of who asked for what."""


@audit_commands.command("verify")
def verify_log(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Tell whether the audit log is what the gateway wrote; the exit status is 1 where it is not.

    Each row is compared with its seal and its columns, with the row before it, and with the anchors that the gateway
    keeps outside the database, in GATEWAY_AUDIT_DIR. The first row that was changed, deleted, moved, added or written
    anew is named.

      gateway audit verify

      gateway audit verify --json
    """
    settings = Settings.load()
    known = anchors(settings).all()
    with operational_database(settings, command="gateway audit") as url:
        verdict = verify(url, audit_secret(settings), known)
    typer.echo(_as_json(verdict, len(known)) if as_json else _told(verdict, len(known)))
    raise typer.Exit(0 if verdict.broken is None else 1)


def _told(verdict: Verdict, known: int) -> str:
    if verdict.broken is None:
        return f"the audit log is whole: {verdict.rows:,} rows, {known:,} anchors"
    return f"the audit log is broken: row {verdict.broken.id} {verdict.broken.reason}"


def _as_json(verdict: Verdict, known: int) -> str:
    broken = verdict.broken and {"row": verdict.broken.id, "reason": verdict.broken.reason}
    return json.dumps({"rows": verdict.rows, "anchors": known, "broken": broken})
