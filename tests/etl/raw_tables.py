"""The raw layer of a warehouse as the models find it, filled without a source: for tests and measurements of models."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from etl.demo import COLUMNS, DemoPlan
from etl.demo import rows as demo_rows
from etl.models.staging import landing_columns
from schema.entities import ENTITIES
from schema.entity import Entity

INSERT, UPDATE, DELETE, TRUNCATE, SNAPSHOT = 1, 2, 3, 4, 5

_META = pa.schema(
    [
        *(("_op", pa.int8()), ("_commit_lsn", pa.int64()), ("_seq", pa.int64())),
        *(("_committed_at", pa.timestamp("us", "UTC")), ("_key", pa.int64()), ("_old_key", pa.int64())),
        *(("_unchanged", pa.int64()), ("_load_id", pa.int64())),
    ]
)


class RawTables:
    """Raw tables in a DuckDB: append changes, and let the tables' views follow."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.load_id = 0
        connection.execute("set timezone = 'UTC'; create schema if not exists raw")
        landing = [entity for entity in ENTITIES if entity.__declaration__.warehouse is not None]
        self.schemas = {entity.__tablename__: _schema(entity) for entity in landing}
        for table, schema in self.schemas.items():
            for name, made_of in ((f"{table}__log", pa.schema([*_META, *schema])), (f"{table}__base", schema)):
                connection.register("shape", made_of.empty_table())
                connection.execute(f"create table raw.{name} as select * from shape")
                connection.unregister("shape")
            connection.execute(_view(table, schema.names))

    def append(
        self,
        table: str,
        operation: int,
        rows: Iterable[Mapping[str, Any]],
        *,
        at: dt.datetime | None = None,
        unchanged: Sequence[str] = (),
    ) -> None:
        """Append a change of each row, all of one commit and one load."""
        self.load_id += 1
        schema = self.schemas[table]
        mask = sum(1 << schema.names.index(name) for name in unchanged)
        moment = at or dt.datetime.now(dt.UTC)
        meta = {"_op": operation, "_commit_lsn": self.load_id, "_unchanged": mask, "_committed_at": moment}
        meta["_load_id"] = self.load_id
        written = [{**_plain(row), **meta, "_seq": seq, "_key": row.get("id")} for seq, row in enumerate(rows)]
        self.connection.register("part", pa.Table.from_pylist(written, pa.schema([*_META, *schema])))
        self.connection.execute(f"insert into raw.{table}__log select * from part")
        self.connection.unregister("part")


def with_demo(connection: duckdb.DuckDBPyConnection) -> RawTables:
    """Return raw tables with the demo data of 300 orders until today."""
    raw = RawTables(connection)
    for table, part in demo_rows(DemoPlan.sized(300, until=dt.datetime.now(dt.UTC).date())):
        raw.append(table, SNAPSHOT, [dict(zip(COLUMNS[table], row, strict=True)) for row in part])
    return raw


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value) if isinstance(value, dict) else getattr(value, "obj", value)
        for name, value in row.items()
    }


def _schema(entity: type[Entity]) -> pa.Schema:
    return pa.schema([(column.name, _arrow(column.type)) for column in landing_columns(entity)])


def _arrow(kind: Any) -> pa.DataType:
    if isinstance(kind, sa.BigInteger):
        return pa.int64()
    if isinstance(kind, sa.Integer):
        return pa.int32()
    if isinstance(kind, sa.Numeric):
        return pa.decimal128(kind.precision, kind.scale)
    if isinstance(kind, sa.Boolean):
        return pa.bool_()
    if isinstance(kind, sa.DateTime):
        return pa.timestamp("us", "UTC")
    assert isinstance(kind, sa.Text | sa.String | JSONB)
    return pa.string()


def _view(table: str, columns: Sequence[str]) -> str:
    names = ", ".join(columns)
    # What is in the base came before everything in the log; a TRUNCATE empties both.
    return f"""
    create view raw.{table} as
    select {names} from raw.{table}__base
    where id not in (select _key from raw.{table}__log where _key is not null)
      and not exists (select 1 from raw.{table}__log where _op = {TRUNCATE})
    union all
    select {names} from (
        select * from raw.{table}__log
        where _key is not null
          and _commit_lsn > (select coalesce(max(_commit_lsn), -1) from raw.{table}__log where _op = {TRUNCATE})
        qualify row_number() over (partition by _key order by _commit_lsn desc, _seq desc) = 1
    ) where _op <> {DELETE}
    """
