"""Erasure in BigQuery: the personal data of a row goes from its history and from the base."""

from collections.abc import Sequence

from google.api_core import exceptions as google

from etl.changes import TableShape
from etl.warehouses.bigquery.journal import Erasure
from etl.warehouses.bigquery.service import Service


def erase(service: Service, shape: TableShape, names: Sequence[str], erasure: Erasure) -> bool:
    """Empty the personal columns of a row; False where BigQuery can't yet, because the row was just streamed."""
    harmless = {column.name for column in shape.columns if not column.personal} | {shape.key}
    emptied = ", ".join(f"`{name}` = null" for name in names if name not in harmless)
    if not emptied:
        return True
    place, key = service.place, int(erasure.key)
    changes, base = place.name(f"{shape.table}__changes"), place.name(f"{shape.table}__base")
    try:
        service.query(f"""
        update {changes} set {emptied}
        where _committed_at >= timestamp '1900-01-01' and _key = {key} and _commit_lsn < {int(erasure.lsn)}
        """)
        service.query(f"update {base} set {emptied} where `{shape.key}` = {key}")
    except google.BadRequest as refused:
        if "streaming buffer" not in str(refused):
            raise
        return False
    return True
