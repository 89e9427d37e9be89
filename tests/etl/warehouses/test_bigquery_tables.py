"""Tables in BigQuery follow the shapes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from google.api_core.exceptions import PreconditionFailed
from google.cloud.bigquery import Client, Table, TableReference

from etl.warehouses.bigquery.service import Service
from tests.emulator import Emulator
from tests.etl.warehouses.opening import BigQueryOpener
from tests.etl.warehouses.things import INSERT, SHAPE, batch, column, content

WIDER = replace(SHAPE, columns=(*SHAPE.columns, replace(column("c", pa.string()), description="What c says.")))


def test_a_column_that_is_added_has_its_description(
    bigquery: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = BigQueryOpener(tmp_path, bigquery.place())
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    content(made)
    opener.close()
    as_google_does(monkeypatch)
    again = BigQueryOpener(tmp_path, opener.place)
    assert content(again([WIDER])) == {1: (1, "x")}
    for part in ("changes", "base"):
        fields = again.service.rest.get_table(again.place.path(f"things__{part}")).schema
        assert next(field.description for field in fields if field.name == "c") == "What c says."
    again.close()


def as_google_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to update a table that was altered since it was read; the emulator does not look."""
    query, get, update = Service.query, Client.get_table, Client.update_table
    altered, read = list[str](), dict[str, int]()

    def altering(service: Service, sql: str) -> pa.Table:
        altered.extend([sql] if sql.startswith("alter table") else [])
        return query(service, sql)

    def reading(client: Client, table: TableReference, **options: Any) -> Table:
        found = get(client, table, **options)
        read[found.table_id] = len(altered)
        return found

    def updating(client: Client, table: Table, *arguments: Any, **options: Any) -> Table:
        if read[table.table_id] != len(altered):
            raise PreconditionFailed("it was altered since")
        return update(client, table, *arguments, **options)

    for owner, name, acting in (
        (Service, "query", altering),
        (Client, "get_table", reading),
        (Client, "update_table", updating),
    ):
        monkeypatch.setattr(owner, name, acting)
