"""Erasure in BigQuery: the personal data of a row goes from its history, from the base, and from what was put aside."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from google.api_core import exceptions as google

from etl.changes import TableShape
from etl.warehouses.bigquery.journal import Epoch, Erasure
from etl.warehouses.bigquery.service import ONCE, SECONDS, Service

_ASIDE: Final = re.compile(r"(?P<table>\w+__(changes|base))_\d{14}")


def erase(
    service: Service, shape: TableShape, names: Sequence[str], erasure: Erasure, standing: tuple[Epoch, int]
) -> bool:
    """Empty the personal columns of a row; False where BigQuery can't yet, because the row was just streamed.

    The mirror is in an epoch, and has folded a load. What its base or its epoch's copy has from the load on that
    brought the command, or another row that took the key, came afterwards, and stays.
    """
    epoch, folded = standing
    harmless = {column.name for column in shape.columns if not column.personal} | {shape.key}
    try:
        for name, columns in _tables(service, shape, names):
            if name == f"{shape.table}__base" and erasure.load_id <= folded:
                continue
            if emptied := ", ".join(f"`{one}` = null" for one in columns if one not in harmless):
                service.query(
                    f"update {service.place.name(name)} set {emptied} where {_of_row(name, shape, erasure, epoch)}"
                )
    except google.BadRequest as refused:
        if "streaming buffer" not in str(refused):
            raise
        return False
    return True


def _tables(service: Service, shape: TableShape, names: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """Give each table that has rows of a shape, with its own columns."""
    yield f"{shape.table}__changes", names
    yield f"{shape.table}__base", names
    dataset = f"{service.place.project}.{service.place.raw}"
    listed = service.ask(lambda: list(service.rest.list_tables(dataset, retry=ONCE, timeout=SECONDS)))
    for name in (table.table_id for table in listed):
        aside = _ASIDE.fullmatch(name)
        if aside and aside["table"].rpartition("__")[0] == shape.table:
            yield name, _own_columns(service, name)


def _own_columns(service: Service, name: str) -> list[str]:
    table = service.ask(lambda: service.rest.get_table(service.place.path(name), retry=ONCE, timeout=SECONDS))
    return [field.name for field in table.schema if not field.name.startswith("_")]


def _of_row(name: str, shape: TableShape, erasure: Erasure, epoch: Epoch) -> str:
    """Return the condition that is true of a row's changes before the erasure, or of its row in a base."""
    key = int(erasure.key)
    if name.startswith(f"{shape.table}__base"):
        return f"`{shape.key}` = {key}"
    return f"""
    _committed_at >= timestamp '1900-01-01' and _key = {key} and _commit_lsn < {int(erasure.lsn)}
    and (_commit_lsn > 0 or _load_id < {erasure.load_id + epoch.shift})
    """
