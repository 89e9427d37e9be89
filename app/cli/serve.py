"""`gateway serve`."""

from typing import Annotated

import typer

from app.main import serve as run
from app.settings import Settings


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="Fill an embedded database that is empty with demo data.")
    ] = False,
) -> None:
    """Serve GraphQL, on the embedded stack unless a database is configured.

    Steps and, once it is ready, addresses and demo tokens are printed on standard output; the log goes to standard
    error. Ctrl-C or SIGTERM stops it: requests that are running finish first. A second Ctrl-C ends it at once, which
    loses nothing either.

      gateway serve --demo

      GATEWAY_PORT=8080 GATEWAY_DATA_DIR=/srv/gateway gateway serve
    """
    run(Settings.load(), demo=demo, report=typer.echo)
