"""Rows of the warehouse as text: CSV for people and tools, JSON for programs."""

import base64
import datetime as dt
import json
import math
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

_SPECIAL: Final = frozenset(',"\r\n')
_BATCH: Final = 10_000


def csv_lines(table: pa.Table) -> Iterator[str]:
    r"""Give CSV by RFC 4180, the columns' names first; lines end with `\n`.

    A null is an empty cell and an empty text is `""`. Amounts have all their digits, times are RFC 3339 with their
    offset, bytes are Base64, lists and structures are JSON.
    """
    yield ",".join(map(_quoted, table.schema.names)) + "\n"
    for batch in table.to_batches(_BATCH):
        columns = [map(_cell, column.to_pylist()) for column in batch.columns]
        yield from (",".join(cells) + "\n" for cells in zip(*columns, strict=True))


def json_text(table: pa.Table) -> str:
    """Return one object: columns with their Arrow types, and rows as objects; amounts are strings, times RFC 3339."""
    columns = [{"name": field.name, "type": str(field.type)} for field in table.schema]
    return json.dumps({"columns": columns, "rows": [_plain(row) for row in table.to_pylist()]}, ensure_ascii=False)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    plain = _plain(value)
    if isinstance(plain, str):
        return _quoted(plain)
    return _quoted(json.dumps(plain, ensure_ascii=False))


def _quoted(text: str) -> str:
    if text and _SPECIAL.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if value is None or isinstance(value, str | bool | int):
        return value
    written = _WRITTEN.get(type(value))
    return str(value) if written is None else written(value)


def _moment(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


_WRITTEN: Final[dict[type, Callable[[Any], Any]]] = {
    Decimal: lambda value: format(value, "f"),
    dt.datetime: _moment,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: str,
    bytes: lambda value: base64.b64encode(value).decode(),
    float: lambda value: value if math.isfinite(value) else str(value),
    list: lambda value: [_plain(one) for one in value],
    dict: lambda value: {str(name): _plain(one) for name, one in value.items()},
}
