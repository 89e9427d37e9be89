"""`gateway etl`: a module a command."""

import typer

from app.cli.etl.check import check
from app.cli.etl.document import document
from app.cli.etl.export import export
from app.cli.etl.retry import retry
from app.cli.etl.run import run
from app.cli.etl.snapshot import snapshot
from app.cli.etl.status import status
from app.cli.etl.stream import stream

etl_commands = typer.Typer(help="Feed the warehouse, and tell how it stands.", no_args_is_help=True)

for _command in (stream, snapshot, status, run, check, export, retry, document):
    etl_commands.command()(_command)
