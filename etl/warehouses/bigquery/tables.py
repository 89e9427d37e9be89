"""The tables of the raw layer in BigQuery, derived from the shapes: types, layout, labels, columns that come."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import pyarrow as pa
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from etl.changes import META, TableShape
from etl.warehouses.bigquery.service import LABELS, ONCE, SECONDS, Service

MIRROR: Final = pa.schema([("_load_id", pa.int64()), ("_epoch", pa.int64())])
"""What a change has in BigQuery beside what it has everywhere: its load, and the mirror's epoch."""

_CHECKPOINT: Final = (
    SchemaField("epoch", "INT64", description="Which mirror wrote it; the newest is the one that counts."),
    SchemaField("load_id", "INT64", description="The load up to which everything is there."),
    SchemaField("position", "INT64", description="The LSN up to which every commit is there."),
    SchemaField("at", "TIMESTAMP", description="When it was written."),
)
_OWNER: Final = (
    SchemaField("epoch", "INT64", description="The owner's mirror."),
    SchemaField("owner", "STRING", description="Who writes, or wrote."),
    SchemaField("stream", "STRING", description="The write stream of its checkpoints."),
    SchemaField("at", "TIMESTAMP", description="Since when."),
)
_TYPES: Final = {
    pa.int8(): "INT64",
    pa.int32(): "INT64",
    pa.int64(): "INT64",
    pa.bool_(): "BOOL",
    pa.date32(): "DATE",
    pa.string(): "STRING",
    pa.float64(): "FLOAT64",
    pa.binary(): "BYTES",
}
# What NUMERIC has before and behind the point.
_NUMERIC: Final = (29, 9)


class Tables:
    """Makes tables that are missing, and adds columns."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._place = service.place

    def prepare(self) -> None:
        """Make the dataset and what is kept beside the tables."""
        dataset = bigquery.Dataset(f"{self._place.project}.{self._place.raw}")
        dataset.location, dataset.labels = self._place.location, LABELS
        rest = self._service.rest
        self._service.ask(lambda: rest.create_dataset(dataset, exists_ok=True, retry=ONCE, timeout=SECONDS))
        self._make("checkpoint", _CHECKPOINT, partition="at")
        self._make("owner", _OWNER)

    def shape(self, shape: TableShape, columns: pa.Schema, renew: Callable[[], None]) -> None:
        """Make or widen the tables of a shape, whose rows have these columns of their own.

        Where a column has another type than it may become, what is there is put aside under another name. `renew` is
        called before: the table has to be filled anew then, also where the process ends in the middle.
        """
        own = list(_fields(columns, shape))
        changes = [*_fields(pa.schema([*META, *MIRROR]), None), *own]
        base = [*own, SchemaField("_epoch", "INT64")]
        self._shape(f"{shape.table}__changes", changes, renew, "_committed_at", ["_key"], is_filtered=True)
        cluster = list(shape.cluster) or [shape.key]
        self._shape(f"{shape.table}__base", base, renew, shape.partition, cluster[:4])

    def _shape(
        self,
        name: str,
        fields: list[SchemaField],
        renew: Callable[[], None],
        partition: str | None,
        cluster: list[str],
        *,
        is_filtered: bool = False,
    ) -> None:
        table = self._make(name, fields, partition=partition, cluster=cluster, is_filtered=is_filtered)
        there = {field.name: field for field in table.schema}
        if any(field.name in there and not _holds(there[field.name], field) for field in fields):
            renew()
            self._put_aside(name)
            self._make(name, fields, partition=partition, cluster=cluster, is_filtered=is_filtered)
        elif missing := [field for field in fields if field.name not in there]:
            for field in missing:
                self._service.query(f"alter table {self._place.name(name)} add column if not exists {_declared(field)}")
            self._describe(name, missing)

    def _describe(self, name: str, added: list[SchemaField]) -> None:
        """Add the descriptions of new columns, which the statement that makes them doesn't take with it."""
        rest = self._service.rest

        def describe() -> None:
            # As it is now: BigQuery refuses what was said of an earlier state.
            table = rest.get_table(self._place.path(name), retry=ONCE, timeout=SECONDS)
            names = {field.name for field in added}
            table.schema = [*(field for field in table.schema if field.name not in names), *added]
            rest.update_table(table, ["schema"], retry=ONCE, timeout=SECONDS)

        self._service.ask(describe)

    def _make(
        self,
        name: str,
        fields: Iterable[SchemaField],
        *,
        partition: str | None = None,
        cluster: list[str] | None = None,
        is_filtered: bool = False,
    ) -> bigquery.Table:
        table = bigquery.Table(self._place.path(name), schema=list(fields))
        table.labels = LABELS
        table.clustering_fields = cluster
        if partition is not None:
            table.time_partitioning = bigquery.TimePartitioning(field=partition)
            table.require_partition_filter = is_filtered
        rest = self._service.rest
        return self._service.ask(lambda: rest.create_table(table, exists_ok=True, retry=ONCE, timeout=SECONDS))

    def _put_aside(self, name: str) -> None:
        """Keep a table under another name, by a copy that costs no reading, and let its own name go."""
        rest, path = self._service.rest, self._place.path(name)
        aside = f"{path}_{dt.datetime.now(dt.UTC):%Y%m%d%H%M%S}"
        job = self._service.ask(lambda: rest.copy_table(path, aside, retry=ONCE, timeout=SECONDS))
        self._service.ask(lambda: job.result(retry=ONCE, timeout=SECONDS))
        self._service.ask(lambda: rest.delete_table(path, not_found_ok=True, retry=ONCE, timeout=SECONDS))


def sent(table: pa.Table) -> pa.Table:
    """Return rows with the Arrow types that BigQuery takes: whole numbers have 64 bits, moments are in UTC."""
    return table.cast(pa.schema([pa.field(field.name, _sent_type(field.type)) for field in table.schema]))


def _sent_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind):
        return pa.int64()
    return pa.timestamp("us", "UTC") if pa.types.is_timestamp(kind) else kind


def _fields(columns: pa.Schema, shape: TableShape | None) -> Iterable[SchemaField]:
    told: Mapping[str, str] = {} if shape is None else {c.name: c.description for c in shape.columns}
    for column in columns:
        described = {"name": column.name, "description": told.get(column.name) or None, **_type(column.type)}
        yield SchemaField.from_api_repr({name: value for name, value in described.items() if value is not None})


def _type(kind: pa.DataType) -> dict[str, object]:
    if pa.types.is_timestamp(kind):
        return {"type": "TIMESTAMP"}
    if pa.types.is_decimal(kind):
        fits = kind.scale <= _NUMERIC[1] and kind.precision - kind.scale <= _NUMERIC[0]
        return {"type": "NUMERIC" if fits else "BIGNUMERIC", "precision": str(kind.precision), "scale": str(kind.scale)}
    return {"type": _TYPES[kind]}


def _declared(field: SchemaField) -> str:
    """Return a column as DDL has it."""
    digits = "" if field.precision is None else f"({field.precision}, {field.scale})"
    return f"`{field.name}` {field.field_type}{digits}"


def _holds(there: SchemaField, wanted: SchemaField) -> bool:
    """Tell whether a column that is there takes the values of another declaration."""
    names = {"INTEGER": "INT64", "BOOLEAN": "BOOL", "FLOAT": "FLOAT64"}
    if names.get(there.field_type, there.field_type) != names.get(wanted.field_type, wanted.field_type):
        return False
    if there.precision is None or wanted.precision is None:
        return True
    behind, wanted_behind = there.scale or 0, wanted.scale or 0
    return behind >= wanted_behind and there.precision - behind >= wanted.precision - wanted_behind
