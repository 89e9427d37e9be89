"""PostgreSQL's own programs that are measured beside the gateway; they come with the embedded server."""

import shutil
from pathlib import Path

from app.embedded.binaries import locate
from app.errors import StartError


def program_of_postgres(name: str) -> Path:
    """Return the program that belongs to the embedded server, else one of the machine."""
    beside = locate().postgres.parent / name
    found = beside if beside.is_file() else shutil.which(name)
    if found is None:
        raise StartError(f"{name} is missing: install the client programs of PostgreSQL 18, such as postgresql-client")
    return Path(found)
