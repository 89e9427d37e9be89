"""A stand-in for Debezium's connector: envelopes of the shape that it writes, on librdkafka's mock cluster."""

import base64
import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
from confluent_kafka import KafkaError, Message, Producer

from etl.changes import Operation, TableShape
from etl.sources.debezium.offsets import Partition
from tests.etl.sources.recording import Row

ANY = -1
"""Whichever partition the key belongs to."""
Header = tuple[str, bytes]
PLACEHOLDER = "__debezium_unavailable_value"
WORDS = {Operation.INSERT: "c", Operation.UPDATE: "u", Operation.DELETE: "d", Operation.SNAPSHOT: "r"}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Kafka:
    """A cluster that lives as long as this; topics come into being with four partitions when they are written to.

    `ends` tells for each partition that was written to the offset after its last message.
    """

    def __init__(self) -> None:
        self.ends: dict[Partition, int] = {}
        self._producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock"}, logger=None)
        (broker,) = self._producer.list_topics(timeout=60).brokers.values()
        self.servers = f"{broker.host}:{broker.port}"

    def make(self, *topics: str) -> None:
        for topic in topics:
            self._producer.list_topics(topic, timeout=60)

    def write(
        self, topic: str, key: object, value: object, *, partition: int = ANY, headers: Sequence[Header] = ()
    ) -> None:
        self._producer.produce(topic, _data(value), _data(key), partition, self._note_end, headers=list(headers))
        assert self._producer.flush(60) == 0

    def _note_end(self, fault: KafkaError | None, message: Message) -> None:
        assert fault is None, fault
        topic, number, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert number is not None
        assert offset is not None
        self.ends[topic, number] = offset + 1


class Connector:
    """Writes changes as envelopes, with schemas or without."""

    def __init__(self, kafka: Kafka, prefix: str, *, has_schemas: bool = True) -> None:
        self.kafka = kafka
        self.prefix = prefix
        self.has_schemas = has_schemas
        self._commit, self._before = 0, 0

    def write(self, shape: TableShape, row: Row) -> None:
        """Write a change as a decoder of the log gives it."""
        if row["_commit_lsn"] != self._commit:
            self._before, self._commit = self._commit, row["_commit_lsn"]
        topic, operation = f"{self.prefix}.{shape.table}", Operation(row["_op"])
        key = self._wrapped({shape.key: row["_key"]}, _struct(shape, "key", [shape.key]))
        headers: list[Header] = []
        if row["_old_key"] is not None:
            old = self._wrapped({shape.key: row["_old_key"]}, _struct(shape, "key", [shape.key]))
            headers = [("__debezium.oldkey", json.dumps(old).encode())]
        self.kafka.write(topic, key, self.envelope(shape, row, operation), headers=headers)
        if operation is Operation.DELETE:
            self.kafka.write(topic, key, None)

    def envelope(self, shape: TableShape, row: Row, operation: Operation) -> dict[str, Any]:
        is_gone = operation is Operation.DELETE
        values = {
            column.name: PLACEHOLDER if row["_unchanged"] >> bit & 1 else _encoded(row[column.name], column.type)
            for bit, column in enumerate(shape.columns)
        }
        only_key = dict.fromkeys(shape.names) | {shape.key: row["_key"]}
        source = {
            "version": "3.0.0.Final",
            "connector": "postgresql",
            "name": "cienty",
            "db": "cienty",
            "schema": "public",
            "snapshot": "false",
            "table": shape.table,
            "txId": 571,
            "lsn": self._before + 1 + row["_seq"],
            "ts_ms": (row["_committed_at"] - _EPOCH) // dt.timedelta(milliseconds=1),
            "xmin": None,
            "sequence": json.dumps([str(self._before) if self._before else None, str(self._before + 1 + row["_seq"])]),
        }
        payload = {
            "before": only_key if is_gone else None,
            "after": None if is_gone else values,
            "source": source,
            "transaction": None,
            "op": WORDS[operation],
            "ts_ms": 1,
        }
        schema = {
            "type": "struct",
            "name": f"{self.prefix}.{shape.table}.Envelope",
            "fields": [_struct(shape, side, shape.names) for side in ("before", "after")],
        }
        return self._wrapped(payload, schema)

    def _wrapped(self, payload: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
        return {"schema": schema, "payload": payload} if self.has_schemas else payload


def _struct(shape: TableShape, side: str, names: Sequence[str]) -> dict[str, Any]:
    types = {column.name: column.type for column in shape.columns}
    return {"type": "struct", "field": side, "fields": [{"field": name, **_kind(types[name])} for name in names]}


def _kind(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_decimal(kind):
        said = {"scale": str(kind.scale), "connect.decimal.precision": str(kind.precision)}
        return {"type": "bytes", "name": "org.apache.kafka.connect.data.Decimal", "parameters": said}
    if pa.types.is_timestamp(kind):
        return {"type": "string", "name": "io.debezium.time.ZonedTimestamp"}
    if pa.types.is_date(kind):
        return {"type": "int32", "name": "io.debezium.time.Date"}
    return {"type": "string" if pa.types.is_string(kind) else str(kind)}


def _encoded(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        number = int(Decimal(value).scaleb(kind.scale))
        return base64.b64encode(number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)).decode()
    if pa.types.is_timestamp(kind):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return (value - _EPOCH.date()).days if pa.types.is_date(kind) else value


def _data(value: object) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
