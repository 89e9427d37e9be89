"""`gateway etl snapshot`."""

from app.cli.etl.target import shown, source_database
from app.settings import Settings


def snapshot() -> None:
    """Copy all tables into the warehouse, and leave the slot from which `gateway etl stream` goes on.

    What the warehouse had stays readable until the copy is whole.

      gateway etl snapshot
    """
    from app.worker.running import copy_once

    settings = Settings.load()
    with source_database(settings, command="gateway etl snapshot") as url, shown() as progress:
        copy_once(settings, url, progress)
