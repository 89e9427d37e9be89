"""The operational database that a command works on, as its owner."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from app.embedded import open_stack
from app.settings import Settings


def say(message: str) -> None:
    """Tell the operator of a step, beside the command's output."""
    typer.echo(message, err=True)


@contextmanager
def operational_database(
    settings: Settings, *, command: str = "gateway", report: Callable[[str], None] = say
) -> Iterator[str]:
    """Give the URL of the database for the time of a command.

    It is the configured one; or the embedded one, used together with the process that runs it, or started and
    stopped again where none does. `command` is what others are told uses the data folder.
    """
    if settings.database_url is not None:
        yield settings.admin_database_url or settings.database_url
        return
    with open_stack(settings.data_dir, owner=command, parts=["postgres"], report=report) as stack:
        yield stack.endpoints.owner_url
