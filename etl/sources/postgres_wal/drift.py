"""Columns whose type the source changed to another kind: their values land beside the declared column.

`small` declared as a number and become a text in the source lands as `small__text`; `small` itself counts as not sent,
so that what was known of it stays.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import pyarrow as pa

from etl.changes import UNSENT_BITS, ColumnShape, TableShape

_BOOL, _INT8, _INT2, _INT4, _TEXT, _JSON, _JSONB = 16, 20, 21, 23, 25, 114, 3802
_CHAR, _NAME, _BPCHAR, _VARCHAR = 18, 19, 1042, 1043
_DATE, _TIMESTAMP, _TIMESTAMPTZ, _NUMERIC = 1082, 1114, 1184, 1700
_INTEGERS: Final = frozenset({_INT2, _INT4, _INT8})
_TEXTS: Final = frozenset({_CHAR, _NAME, _TEXT, _BPCHAR, _VARCHAR, _JSON, _JSONB})

_NATURAL: Final = {
    _BOOL: ("boolean", pa.bool_()),
    _INT2: ("integer", pa.int32()),
    _INT4: ("integer", pa.int32()),
    _INT8: ("bigint", pa.int64()),
    _DATE: ("date", pa.date32()),
    _TIMESTAMP: ("timestamp", pa.timestamp("us", "UTC")),
    _TIMESTAMPTZ: ("timestamp", pa.timestamp("us", "UTC")),
    # The precision that BigQuery's NUMERIC has.
    _NUMERIC: ("numeric", pa.decimal128(38, 9)),
    **dict.fromkeys(_TEXTS, ("text", pa.string())),
}
"""The word and the Arrow type for values of a type of PostgreSQL, by the number of the type."""


def is_readable(oid: int, declared: pa.DataType) -> bool:
    """Tell whether values of a type of PostgreSQL can be read as the declared type, those that fit it."""
    if pa.types.is_string(declared):
        return oid in _TEXTS
    if pa.types.is_integer(declared):
        return oid in _INTEGERS
    if pa.types.is_decimal(declared):
        return oid in _INTEGERS or oid == _NUMERIC
    if pa.types.is_timestamp(declared):
        return oid in (_DATE, _TIMESTAMP, _TIMESTAMPTZ)
    return oid == (_DATE if pa.types.is_date(declared) else _BOOL)


def landing_name(shape: TableShape, name: str, oid: int) -> str:
    """Return the column in which values of a source's column land: it, or one beside it."""
    declared = next((column for column in shape.columns if column.name == name), None)
    if declared is None or name == shape.key or is_readable(oid, declared.type) or oid not in _NATURAL:
        return name
    return f"{name}__{_NATURAL[oid][0]}"


def with_columns_beside(shape: TableShape, told: Iterable[tuple[str, int]]) -> TableShape:
    """Return a shape with the columns that values need to land in; `told` are the source's columns and their types."""
    beside = [
        ColumnShape(landing, _NATURAL[oid][1], nullable=True, description="", personal=_is_personal(shape, name))
        for name, oid in told
        if (landing := landing_name(shape, name, oid)) not in (name, *shape.names)
    ]
    if len(shape.columns) + len(beside) > UNSENT_BITS:
        return shape
    return replace(shape, columns=(*shape.columns, *beside)) if beside else shape


def _is_personal(shape: TableShape, name: str) -> bool:
    return next(column.personal for column in shape.columns if column.name == name)
